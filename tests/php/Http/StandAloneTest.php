<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use PHPUnit\Framework\Attributes\CoversNothing;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** Fronts and test support are for programs without Drupal too, and have the extension's licence. */
#[CoversNothing]
final class StandAloneTest extends TestCase
{
    #[DataProvider('files')]
    public function testFileLeansOnNothingOfDrupalAndNamesItsLicence(string $path): void
    {
        $code = (string) file_get_contents($path);
        self::assertStringContainsString('@license MIT OR Apache-2.0', $code);
        // Its own namespace apart: no class, no function, no constant of Drupal or the module.
        self::assertDoesNotMatchRegularExpression('/\bDrupal\\\\(?!causeway\\\\(Http|Testing)\b)|\bDrupal::/', $code);
    }

    /** @return iterable<string, array{string}> */
    public static function files(): iterable
    {
        $source = dirname(__DIR__, 3) . '/drupal-module/src';
        foreach (['Http', 'Testing'] as $folder) {
            foreach (new \RegexIterator(new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator("$source/$folder")), '/\.php$/') as $path => $file) {
                yield substr($path, strlen($source) + 1) => [$path];
            }
        }
    }
}
