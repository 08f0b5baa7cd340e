<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** PHP 8.4 in the Debian trixie that tools/trixie makes. */
final class Trixie
{
    /** Why it cannot be used here, if so. */
    public static function missing(): ?string
    {
        return match (true) {
            posix_geteuid() !== 0 => 'the trixie wants root',
            !is_file(self::root() . '/etc/causeway-packages') => 'there is no Debian trixie (tools/trixie makes it)',
            default => null,
        };
    }

    /** @return list<string> What to put before a command of the trixie's. */
    public static function enter(Bench $bench): array
    {
        $top = \dirname(__DIR__, 3);

        return ["$top/tools/trixie", 'run', '--bind', $top, '--bind', \dirname((string) $bench->extension84), '--'];
    }

    private static function root(): string
    {
        $named = (string) getenv('TRIXIE_ROOT');

        return $named === '' ? '/var/lib/causeway/trixie' : $named;
    }
}
