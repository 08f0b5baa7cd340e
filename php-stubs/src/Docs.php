<?php

declare(strict_types=1);

namespace Causeway\Stubs;

/** Docs by name: 'Class', 'Class::method' or 'Class::$property', as lines without comment signs. */
final class Docs
{
    /**
     * @param array<string, list<string>> $docs
     * @param list<string> $byHand
     *   Names whose docs were written by hand, and which must be there.
     */
    private function __construct(private readonly array $docs, private readonly array $byHand)
    {
    }

    /**
     * @param array<string, string> $byHand
     *   Docs that win over those in the Rust sources.
     */
    public static function from(string $rustDirectory, array $byHand): self
    {
        $lines = array_map(static fn (string $text): array => explode("\n", $text), $byHand);

        return new self($lines + RustDocs::read($rustDirectory), array_keys($byHand));
    }

    /** @return list<string> */
    public function of(string $name): array
    {
        return $this->docs[$name] ?? [];
    }

    /** @return list<string> */
    public function complaints(): array
    {
        $missing = array_filter($this->byHand, static fn (string $name): bool => !self::exists($name));

        return array_values(array_map(static fn (string $name): string => "docs.php: there is no $name", $missing));
    }

    private static function exists(string $name): bool
    {
        [$class, $member] = explode('::', $name) + [1 => null];

        return match (true) {
            !class_exists($class) && !interface_exists($class) => false,
            $member === null => true,
            str_starts_with($member, '$') => property_exists($class, substr($member, 1)),
            default => method_exists($class, $member),
        };
    }
}
