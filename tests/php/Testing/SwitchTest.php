<?php

declare(strict_types=1);

namespace Causeway\Tests\Testing;

use Causeway\Testing\Clock;
use Causeway\Testing\Fake;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** Nobody fakes a vendor or freezes time who is not a test. */
#[CoversClass(Fake::class)]
#[CoversClass(Clock::class)]
final class SwitchTest extends TestCase
{
    private const SCRIPT = <<<'PHP'
        <?php
        ini_set('causeway.testing', '1');
        foreach ([Causeway\Testing\Fake::start(...), fn () => Causeway\Testing\Fake::record('/dev/null/x'), fn () => Causeway\Testing\Fake::replay('x'), fn () => Causeway\Testing\Clock::freeze(0), fn () => Causeway\Testing\Clock::advance(1), fn () => Causeway\Testing\Clock::pinJitter(0.5)] as $step) {
          try { $step(); echo 'done '; } catch (Causeway\Exception\OptionsException $e) { echo $e->field, ' '; }
        }
        PHP;

    private const REFUSED = 'causeway.testing causeway.testing causeway.testing causeway.testing causeway.testing causeway.testing';

    #[DataProvider('settings')]
    public function testSettingOfTheSystemDecides(string $setting, string $expected): void
    {
        $file = (string) tempnam(sys_get_temp_dir(), 'causeway-');
        file_put_contents($file, self::SCRIPT);
        $output = shell_exec(implode(' ', array_map(escapeshellarg(...), [PHP_BINARY, '-d', 'extension=' . getenv('CAUSEWAY_EXTENSION'), '-d', "causeway.testing=$setting", $file])));
        unlink($file);
        self::assertSame($expected, trim((string) $output));
    }

    /** @return iterable<string, array{string, string}> */
    public static function settings(): iterable
    {
        yield 'off' => ['0', self::REFUSED];
        // A script cannot switch it on; a recording that is not there is told by another name.
        yield 'on' => ['1', 'done done file done done done'];
    }

    public function testWebServerNeverTests(): void
    {
        $directory = sys_get_temp_dir() . '/causeway-' . bin2hex(random_bytes(8));
        mkdir($directory);
        file_put_contents("$directory/index.php", self::SCRIPT);
        $command = [PHP_BINARY, '-d', 'extension=' . getenv('CAUSEWAY_EXTENSION'), '-d', 'causeway.testing=1', '-S', '127.0.0.1:0', '-t', $directory];
        $server = proc_open($command, [['pipe', 'r'], ['file', '/dev/null', 'a'], ['pipe', 'w']], $pipes);
        self::assertIsResource($server);
        try {
            stream_set_timeout($pipes[2], 10);
            self::assertSame(1, preg_match('~\((http://127\.0\.0\.1:\d+)\)~', (string) fgets($pipes[2]), $match));
            self::assertSame(self::REFUSED, trim((string) file_get_contents($match[1])));
        } finally {
            proc_terminate($server, SIGKILL);
            proc_close($server);
            unlink("$directory/index.php");
            rmdir($directory);
        }
    }
}
