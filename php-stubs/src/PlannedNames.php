<?php

declare(strict_types=1);

namespace Causeway\Stubs;

/**
 * The names of planned.php: whole classes, marked @planned in their own doc, and members of classes
 * that exist already.
 *
 * That file is read as tokens and never loaded, as its classes would clash with the extension's.
 */
final class PlannedNames
{
    /** @var array<string, array{doc: list<string>, head: string, members: array<string, string>}> */
    private array $classes = [];

    /** @param list<\PhpToken> $tokens */
    private function __construct(private readonly array $tokens)
    {
        [$namespace, $start] = ['', 0];
        for ($at = 0; isset($tokens[$at]); $at++) {
            if ($tokens[$at]->is(T_NAMESPACE)) {
                $namespace = $tokens[$at + 2]->text;
                $at = $start = $this->next($at, '{') + 1;
            } elseif ($tokens[$at]->is([T_CLASS, T_INTERFACE])) {
                $at = $start = $this->readClass($namespace, $start, $at) + 1;
            }
        }
    }

    public static function fromFile(string $path): self
    {
        return new self(\PhpToken::tokenize((string) file_get_contents($path)));
    }

    /**
     * Classes that are planned as a whole, by short name.
     *
     * @return array<string, array{doc: list<string>, head: string, members: array<string, string>}>
     */
    public function classesIn(string $namespace): array
    {
        $isThere = fn (array $class, string $name): bool => self::isWhole($class)
            && substr($name, 0, (int) strrpos($name, '\\')) === $namespace;

        return array_filter($this->classes, $isThere, ARRAY_FILTER_USE_BOTH);
    }

    /**
     * Members that are planned of a class that exists, as code with their docs.
     *
     * @return array<string, string>
     */
    public function membersOf(string $class): array
    {
        return $this->classes[$class]['members'] ?? [];
    }

    /** @return list<string> */
    public function namespaces(): array
    {
        $of = static fn (string $name): string => substr($name, 0, (int) strrpos($name, '\\'));

        return array_values(array_unique(array_map($of, array_keys($this->classes))));
    }

    /** @return list<string> */
    public function complaints(): array
    {
        $complaints = [];
        foreach ($this->classes as $name => $class) {
            $exists = class_exists($name) || interface_exists($name);
            if ($exists && self::isWhole($class)) {
                $complaints[] = "planned.php: $name exists already";
            } elseif (!$exists && !self::isWhole($class)) {
                $complaints[] = "planned.php: there is no $name yet, mark the class itself @planned";
            } elseif ($exists) {
                $built = array_filter(array_keys($class['members']), static fn (string $member) => method_exists($name, $member));
                array_push($complaints, ...array_map(static fn ($member) => "planned.php: $name::$member() exists already", $built));
            }
        }

        return $complaints;
    }

    /** @param array{doc: list<string>, head: string, members: array<string, string>} $class */
    private static function isWhole(array $class): bool
    {
        return str_contains(implode("\n", $class['doc']), '@planned');
    }

    /** Reads one class; the index of its closing brace. */
    private function readClass(string $namespace, int $start, int $at): int
    {
        $open = $this->next($at, '{');
        $text = trim($this->text($start, $open - 1));
        $name = $this->tokens[$at + 2]->text;
        preg_match('~^(/\*\*.*?\*/)?\s*(.*)$~s', $text, $match);
        $class = ['doc' => self::docLines($match[1]), 'head' => trim($match[2]), 'members' => []];

        for ($begin = $open + 1; ($end = $this->endOfMember($begin)) !== null; $begin = $end + 1) {
            $code = trim($this->text($begin, $end));
            preg_match('~function (\w+)~', $code, $match);
            $class['members'][$match[1]] = preg_replace(['~^\s+~m', '~^\*~m'], ['', ' *'], $code);
        }
        $this->classes["$namespace\\$name"] = $class;

        return $this->next($begin, '}');
    }

    /** The last token of a member that begins here: `}` of its empty body; NULL at the class's end. */
    private function endOfMember(int $begin): ?int
    {
        for ($at = $begin; isset($this->tokens[$at]); $at++) {
            if ($this->tokens[$at]->text === '{') {
                return $this->next($at, '}');
            }
            if ($this->tokens[$at]->text === '}') {
                return null;
            }
        }

        return null;
    }

    private function next(int $at, string $text): int
    {
        while (isset($this->tokens[$at]) && $this->tokens[$at]->text !== $text) {
            $at++;
        }

        return $at;
    }

    private function text(int $from, int $to): string
    {
        return implode('', array_map(static fn (\PhpToken $token): string => $token->text, array_slice($this->tokens, $from, $to - $from + 1)));
    }

    /** @return list<string> */
    private static function docLines(string $comment): array
    {
        $text = preg_replace(['~^/\*\*\s?|\s*\*/$~', '~^\s*\* ?~m'], '', $comment);

        return $text === '' ? [] : explode("\n", trim((string) $text));
    }
}
