<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\OptionsException;
use Causeway\Ledger;
use Causeway\Store\SqliteStore;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\TemporaryFiles;
use Causeway\Worker;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

#[CoversClass(Worker::class)]
final class WorkerTest extends TestCase
{
    use AssertThrows;
    use TemporaryFiles;

    public function testRunsTasksUntilNothingIsLeft(): void
    {
        $left = 120;
        $result = (new Worker(['until_idle' => true]))->run([
            'a' => static function (int $limit) use (&$left): int {
                $done = min($left, $limit);
                $left -= $done;

                return $done;
            },
            'b' => static fn (int $limit): array => ['processed' => 0, 'deferred' => 5],
        ]);
        self::assertSame(['reason' => 'idle', 'tasks' => ['a' => ['items' => 120, 'errors' => 0], 'b' => ['items' => 0, 'errors' => 0]]], $result);
    }

    public function testLimitsEndIt(): void
    {
        $busy = ['a' => static fn (int $limit): int => $limit];
        self::assertSame(['items', 7], [($result = (new Worker(['max_items' => 7]))->run($busy))['reason'], $result['tasks']['a']['items']]);
        self::assertSame('memory', (new Worker(['memory_limit_bytes' => 1 << 20]))->run($busy)['reason']);
        self::assertSame('time', (new Worker(['time_limit_s' => 1]))->run($busy)['reason']);
    }

    public function testTaskThatThrowsIsLoggedAndRestsWhileTheOthersGoOn(): void
    {
        $log = $this->path('log');
        $before = ini_set('error_log', $log);
        try {
            $result = (new Worker(['until_idle' => true]))->run([
                'broken' => static fn () => throw new \DomainException('down'),
                'a' => static fn (int $limit): int => 0,
            ]);
        } finally {
            ini_set('error_log', (string) $before);
        }
        self::assertSame([1, 'idle'], [$result['tasks']['broken']['errors'], $result['reason']]);
        self::assertStringContainsString('worker: broken: DomainException: down', (string) file_get_contents($log));
    }

    #[RequiresPhpExtension('pcntl')]
    public function testSignalEndsItAfterTheItemAndTheHandlerIsGivenBack(): void
    {
        $got = 0;
        pcntl_signal(SIGTERM, static function () use (&$got): void {
            $got++;
        });
        try {
            $finished = false;
            $result = (new Worker())->run(['a' => static function (int $limit) use (&$finished): int {
                posix_kill(getmypid(), SIGTERM);
                $finished = true;

                return $limit;
            }]);
            pcntl_signal_dispatch();
            self::assertSame(['signal', true, 0], [$result['reason'], $finished, $got]);

            posix_kill(getmypid(), SIGTERM);
            pcntl_signal_dispatch();
            self::assertSame(1, $got, 'the program has its handler again');
        } finally {
            pcntl_signal(SIGTERM, SIG_DFL);
        }
    }

    public function testProcessEndsWellBySignalAndByExit(): void
    {
        $idle = '(new Causeway\Worker())->run(["a" => static function (): int { echo "."; return 0; }]); echo "ended";';
        [$status, $output] = $this->php($idle, SIGTERM);
        self::assertSame([0, true], [$status, str_ends_with($output, 'ended')], $output);

        $exit = '(new Causeway\Worker())->run(["a" => static fn () => exit(7)]); echo "not reached";';
        self::assertSame([7, ''], $this->php($exit));
        $inHandler = '$l = new Causeway\Ledger(new Causeway\Store\SqliteStore("' . $this->path('s.sqlite') . '")); $l->run("a", "1", "x", static fn () => exit(8)); echo "not reached";';
        self::assertSame([8, ''], $this->php($inHandler));
        self::assertSame(1, (new Ledger(new SqliteStore($this->path('s.sqlite'))))->counts()['pending'], 'the attempt failed');
    }

    public function testOptionsAndTasksAreChecked(): void
    {
        $thrown = $this->assertThrows(OptionsException::class, static fn () => new Worker(['time_limit' => 1]));
        self::assertSame('time_limit', $thrown->field);
        // @phpstan-ignore argument.type (a wrong one is the test)
        $thrown = $this->assertThrows(OptionsException::class, static fn () => (new Worker())->run(['a' => 5]));
        self::assertSame('a', $thrown->field);
    }

    /**
     * Runs code in a PHP of its own, which gets the signal after its first output.
     *
     * @return array{int, string}
     */
    private function php(string $code, ?int $signal = null): array
    {
        preg_match('~/\S*causeway\S*\.so~', (string) file_get_contents('/proc/self/maps'), $extension);
        $command = [PHP_BINARY, '-d', "extension=$extension[0]", '-d', 'display_errors=stderr', '-r', $code];
        $process = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w'], 2 => STDERR], $pipes);
        $output = '';
        if ($signal !== null) {
            $output = (string) fread($pipes[1], 1);
            proc_terminate($process, $signal);
        }
        $output .= stream_get_contents($pipes[1]);

        return [proc_close($process), $output];
    }
}
