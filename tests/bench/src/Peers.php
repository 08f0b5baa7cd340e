<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Scratch;

/** The peers' packages: trees that tools/setup-composer makes. */
final class Peers
{
    public static function guzzle7(): string
    {
        return Scratch::build() . '/guzzle7/vendor/autoload.php';
    }

    /** Guzzle 8 and Symfony HttpClient. */
    public static function newest(): string
    {
        return \dirname(Scratch::build()) . '/vendor/autoload.php';
    }

    /** Of a package in a tree, as Composer knows it. */
    public static function version(string $package, string $autoload): string
    {
        $installed = require \dirname($autoload) . '/composer/installed.php';

        return ltrim((string) ($installed['versions'][$package]['pretty_version'] ?? '?'), 'v');
    }

    /** Why rows with these peers cannot run, if so. */
    public static function missing(): ?string
    {
        foreach ([self::guzzle7(), self::newest()] as $tree) {
            if (!is_file($tree) || !is_dir(\dirname($tree) . '/symfony/http-client')) {
                return "the peers' packages are not installed (make setup)";
            }
        }

        return null;
    }
}
