<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Ledger;
use Causeway\Store\RedisStore;
use Causeway\Store\SqliteStore;
use Causeway\Tests\Support\ChildScript;
use Causeway\Tests\Support\DatabaseServer;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversNothing;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;
use Shop\PdoStore;

/**
 * Sixteen processes claim the same events: each is done once, counted from the effects.
 *
 * Eight of them were forked from one that had the store open and in use, eight start by themselves.
 */
#[CoversNothing]
#[RequiresPhpExtension('pcntl')]
final class ManyProcessesTest extends TestCase
{
    use TemporaryFiles;

    private const PROCESSES = 16;

    /** Sixteen processes on two cores may keep one of them waiting for long. */
    private const LEASE_MS = 600_000;

    /** Ten thousand where there is time for it: make test takes a tenth. */
    private static function events(): int
    {
        return (int) (getenv('CAUSEWAY_MANY_EVENTS') ?: 1000);
    }

    public function testOnSqlite(): void
    {
        $path = $this->path('store.sqlite');
        $this->claimAll(static fn (): SqliteStore => new SqliteStore($path), "new Causeway\\Store\\SqliteStore('$path')");
    }

    /**
     * Several processes record together, in one transaction of whoever leads. Some of them are killed while
     * they lead, between the commit and the answers: what was answered is there, and each event is once.
     */
    public function testKilledLeadersTakeNobodyWithThem(): void
    {
        $path = $this->path('store.sqlite');
        $killed = ['store.after_group_commit:4', 'store.after_group_sync:7', 'store.after_group_commit:10'];
        $processes = [];
        foreach ([...$killed, '', '', '', '', ''] as $number => $point) {
            // Who is to be killed goes on until it leads often enough, at the latest when it is alone.
            $events = $point === '' ? 150 : 5000;
            $code = <<<PHP
                \$ledger = new Causeway\\Ledger(new Causeway\\Store\\SqliteStore('$path'));
                for (\$event = 0; \$event < $events; \$event++) {
                    if (!in_array(\$ledger->record('crm', "$number-\$event", 'x'), ['recorded', 'duplicate'], true)) exit(2);
                    file_put_contents('$path-answered', "$number-\$event\\n", FILE_APPEND);
                }
                PHP;
            $command = [PHP_BINARY, '-d', 'extension=' . ChildScript::extension(), '-d', 'causeway.testing=1', '-d', 'causeway.segment_dir=' . ini_get('causeway.segment_dir'), '-d', 'display_errors=stderr', '-r', $code];
            $environment = $point === '' ? [] : ['CAUSEWAY_FAILPOINT' => $point];
            $processes[$number] = proc_open($command, [['file', '/dev/null', 'r'], ['file', $this->path('log'), 'a'], ['file', $this->path('log'), 'a']], $pipes, null, $environment + getenv());
        }
        foreach ($processes as $number => $process) {
            while (($status = proc_get_status($process))['running']) {
                usleep(1000);
            }
            proc_close($process);
            $expected = isset($killed[$number]) ? [true, SIGKILL] : [false, 0];
            self::assertSame($expected, [$status['signaled'], $status['signaled'] ? $status['termsig'] : $status['exitcode']], (string) file_get_contents($this->path('log')));
        }
        $ledger = new Ledger(new SqliteStore($path));
        $found = [];
        while ($claims = $ledger->claimDue(50, 'crm')) {
            foreach ($claims as $claim) {
                $found[] = $claim->eventId();
                $claim->complete();
            }
        }
        $answered = file("$path-answered", FILE_IGNORE_NEW_LINES) ?: [];
        self::assertSame([], array_diff($answered, $found), 'what was answered is there');
        self::assertSame(array_unique($found), $found, 'once');
        self::assertLessThanOrEqual(\count($killed), \count($found) - \count($answered), 'beside those, at most the last of each that was killed');
        self::assertGreaterThan(5 * 150, \count($answered));
    }

    public function testOnRedis(): void
    {
        $missing = DatabaseServer::missing('redis');
        $missing === null || self::markTestSkipped($missing);
        $url = DatabaseServer::get('redis')->redisUrl();
        $prefix = bin2hex(random_bytes(8));
        $this->claimAll(static fn (): RedisStore => new RedisStore($url, ['prefix' => $prefix]), "new Causeway\\Store\\RedisStore('$url', ['prefix' => '$prefix'])");
    }

    public function testOnSqliteOfTheApplication(): void
    {
        $this->claimAllInOneTransaction('sqlite:' . $this->path('shop.sqlite'), null);
    }

    public function testOnMariaDb(): void
    {
        $this->claimAllOn('mysql');
    }

    public function testOnPostgreSql(): void
    {
        $this->claimAllOn('pgsql');
    }

    /** @param 'mysql'|'pgsql' $kind */
    private function claimAllOn(string $kind): void
    {
        $missing = DatabaseServer::missing($kind);
        $missing === null || self::markTestSkipped($missing);
        $this->claimAllInOneTransaction(...DatabaseServer::get($kind)->newDatabase($kind));
    }

    /** The effects are lines of a file: at least once in general, and once here, as nobody dies. */
    private function claimAll(callable $open, string $expression): void
    {
        $effects = $this->path('effects');
        $ledger = $this->fill($open());
        $work = static function (Ledger $ledger) use ($effects): void {
            while ($claims = $ledger->claimDue(8, 'crm')) {
                foreach ($claims as $claim) {
                    file_put_contents($effects, $claim->eventId() . "\n", FILE_APPEND);
                    $claim->complete();
                }
            }
        };
        $this->inSixteenProcesses(static fn () => $work($ledger), "\$work(new Causeway\\Ledger($expression, ['lease_ms' => " . self::LEASE_MS . ']));', <<<PHP
            \$work = static function (Causeway\\Ledger \$ledger): void {
                while (\$claims = \$ledger->claimDue(8, 'crm')) {
                    foreach (\$claims as \$claim) {
                        file_put_contents('$effects', \$claim->eventId() . "\\n", FILE_APPEND);
                        \$claim->complete();
                    }
                }
            };
            PHP);
        $done = file($effects, FILE_IGNORE_NEW_LINES) ?: [];
        self::assertCount(self::events(), $done, 'as many effects as events');
        self::assertCount(self::events(), array_unique($done), 'each event has one');
        self::assertSame(self::events(), $ledger->counts('crm')['done']);
    }

    /** Effect and mark in one transaction of the application's database. */
    private function claimAllInOneTransaction(string $dsn, ?string $user): void
    {
        $ledger = $this->fill($store = PdoStore::connect($dsn, $user, options: [\PDO::ATTR_TIMEOUT => 60]));
        $shop = dirname(__DIR__) . '/drill/app/src';
        $leaseMs = self::LEASE_MS;
        $arguments = var_export($dsn, true) . ', ' . var_export($user, true);
        // A connection of PDO cannot be shared over a fork: each process has its own.
        $code = <<<PHP
            require_once '$shop/PdoDialect.php';
            require_once '$shop/PdoStore.php';
            \$store = Shop\\PdoStore::connect($arguments, options: [PDO::ATTR_TIMEOUT => 60]);
            \$ledger = new Causeway\\Ledger(\$store, ['lease_ms' => $leaseMs]);
            while (\$claims = \$ledger->claimDue(8, 'crm')) {
                foreach (\$claims as \$claim) {
                    \$store->atomically(static function () use (\$store, \$claim): void {
                        \$store->recordEffect(\$claim->eventId(), '');
                        \$claim->complete();
                    });
                }
            }
            PHP;
        $this->inSixteenProcesses(static fn () => eval($code), $code, '');
        $count = static fn (string $what): int => (int) $store->pdo->query("SELECT COUNT($what) FROM effects")->fetchAll(\PDO::FETCH_COLUMN)[0];
        self::assertSame([self::events(), self::events()], [$count('*'), $count('DISTINCT event_id')]);
        self::assertSame(self::events(), $ledger->counts('crm')['done']);
    }

    private function fill(\Causeway\Store $store): Ledger
    {
        $ledger = new Ledger($store, ['lease_ms' => self::LEASE_MS]);
        for ($event = 0; $event < self::events(); $event++) {
            $ledger->record('crm', "e$event", 'x');
        }

        return $ledger;
    }

    private function inSixteenProcesses(callable $forked, string $code, string $before): void
    {
        $processes = [];
        for ($process = 0; $process < self::PROCESSES / 2; $process++) {
            $command = [PHP_BINARY, '-d', 'extension=' . ChildScript::extension(), '-d', 'display_errors=stderr', '-r', $before . $code];
            $processes[] = proc_open($command, [['file', '/dev/null', 'r'], ['file', $this->path('log'), 'a'], ['file', $this->path('log'), 'a']], $pipes);
        }
        $children = [];
        for ($child = 0; $child < self::PROCESSES / 2; $child++) {
            $children[] = self::fork($forked);
        }
        foreach ($children as $child) {
            pcntl_waitpid($child, $status);
            self::assertSame(0, pcntl_wexitstatus($status), 'a forked process');
        }
        foreach ($processes as $process) {
            self::assertSame(0, proc_close($process), (string) file_get_contents($this->path('log')));
        }
    }

    private static function fork(callable $work): int
    {
        $child = pcntl_fork();
        if ($child !== 0) {
            return $child;
        }
        $status = 1;
        try {
            $work();
            $status = 0;
        } catch (\Throwable $thrown) {
            fwrite(STDERR, "child: {$thrown->getMessage()}\n");
        } finally {
            // Not exit(): PHPUnit's shutdown functions are the parent's.
            pcntl_exec('/bin/sh', ['-c', "exit $status"]);
        }

        return 0;
    }
}
