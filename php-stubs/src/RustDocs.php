<?php

declare(strict_types=1);

namespace Causeway\Stubs;

/**
 * Reads the `///` comments of the binding.
 *
 * It knows the few forms that src/php has: a struct or trait with #[php(name = "…")], methods in
 * `impl` blocks and traits, and the rows of the table of exception classes. No Rust parser: a form
 * that it does not know gives no doc, which the diff of the stubs shows.
 */
final class RustDocs
{
    /** @var array<string, list<string>> */
    private array $docs = [];

    /** @var array<string, string> Rust type to PHP class. */
    private array $classes = [];

    /** @return array<string, list<string>> */
    public static function read(string $directory): array
    {
        $reader = new self();
        $sources = array_map('file', glob("$directory/*.rs") ?: []);
        // Types first: an impl may stand in a file before its struct.
        foreach ([true, false] as $typesOnly) {
            foreach ($sources as $lines) {
                $reader->readFile($lines, $typesOnly);
            }
        }

        return $reader->docs;
    }

    /** @param list<string> $lines */
    private function readFile(array $lines, bool $typesOnly): void
    {
        [$doc, $attributes, $class] = [[], '', null];
        foreach ($lines as $line) {
            if (preg_match('~^\s*///\s?(.*)$~', $line, $match) === 1) {
                $doc[] = rtrim($match[1]);
                continue;
            }
            if (str_starts_with(ltrim($line), '#[') || self::isOpen($attributes)) {
                $attributes .= trim($line);
                continue;
            }
            if ($typesOnly) {
                $this->readType($line, $attributes, $doc);
            } else {
                $class = $this->classOfBlock($line) ?? (rtrim($line) === '}' ? null : $class);
                $this->readMethod($line, $attributes, $doc, $class);
            }
            [$doc, $attributes] = [[], ''];
        }
    }

    /** @param list<string> $doc */
    private function readType(string $line, string $attributes, array $doc): void
    {
        if (preg_match('~^(?:pub )?(?:struct|trait) (\w+)~', $line, $match) === 1) {
            $name = self::phpName($attributes);
            if ($name !== null) {
                $this->classes[$match[1]] = $name;
                $this->docs[$name] = $doc;
            }
        } elseif (preg_match('~^\s+\w+, "(\w+Exception)",~', $line, $match) === 1) {
            $this->docs["Causeway\\Exception\\$match[1]"] = $doc;
        }
    }

    /** @param list<string> $doc */
    private function readMethod(string $line, string $attributes, array $doc, ?string $class): void
    {
        if ($class !== null && $doc !== [] && preg_match('~^    (?:pub )?fn (\w+)~', $line, $match) === 1) {
            $name = self::phpName($attributes) ?? self::camelCase($match[1]);
            $this->docs["$class::$name"] = $doc;
        }
    }

    /** The PHP class whose methods follow, when the line opens such a block. */
    private function classOfBlock(string $line): ?string
    {
        $opens = preg_match('~^(?:impl (?:\w+ for )?|pub trait )(\w+)~', $line, $match) === 1;

        return $opens ? $this->classes[$match[1]] ?? null : null;
    }

    private static function phpName(string $attributes): ?string
    {
        return preg_match('~php\(.*?name = "([^"]+)"~', $attributes, $match) === 1 ? stripslashes($match[1]) : null;
    }

    private static function isOpen(string $attributes): bool
    {
        return substr_count($attributes, '[') > substr_count($attributes, ']');
    }

    private static function camelCase(string $name): string
    {
        return str_starts_with($name, '__') ? $name : lcfirst(str_replace('_', '', ucwords($name, '_')));
    }
}
