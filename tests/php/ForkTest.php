<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Ledger;
use Causeway\Store\SqliteStore;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversNothing;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

/** A fork shares no open file, socket or engine with its parent; each side goes on by itself. */
#[CoversNothing]
#[RequiresPhpExtension('pcntl')]
final class ForkTest extends TestCase
{
    use TemporaryFiles;

    private const CHILDREN = 4;
    private const EVENTS = 25;

    public function testStoreThatWasOpenAcrossForksLosesNoRow(): void
    {
        $ledger = new Ledger(new SqliteStore($this->path('store.sqlite')));
        $ledger->record('parent', 'before', 'x');
        $children = [];
        for ($child = 0; $child < self::CHILDREN; $child++) {
            $children[] = self::fork(static function () use ($ledger, $child): void {
                for ($event = 0; $event < self::EVENTS; $event++) {
                    $ledger->record("child$child", "e$event", 'x') === 'recorded' || throw new \LogicException('not recorded');
                }
            });
            $ledger->record('parent', "after$child", 'x');
        }

        foreach ($children as $child) {
            self::assertSame(0, self::exitStatus($child));
        }
        self::assertSame(1 + self::CHILDREN + self::CHILDREN * self::EVENTS, $ledger->counts()['pending']);
    }

    public function testRacingChildrenClaimAnEventOnce(): void
    {
        $ledger = new Ledger(new SqliteStore($this->path('store.sqlite')));
        $log = $this->path('claims');
        $children = [];
        for ($child = 0; $child < self::CHILDREN; $child++) {
            $children[] = self::fork(static function () use ($ledger, $log): void {
                for ($event = 0; $event < self::EVENTS; $event++) {
                    if ($ledger->claim('crm', "e$event", 'x')->status() === 'won') {
                        file_put_contents($log, "e$event\n", FILE_APPEND);
                    }
                }
            });
        }
        foreach ($children as $child) {
            self::assertSame(0, self::exitStatus($child));
        }

        $won = file($log, FILE_IGNORE_NEW_LINES) ?: [];
        self::assertCount(self::EVENTS, $won);
        self::assertCount(self::EVENTS, array_unique($won));
    }

    public function testClientWorksOnBothSidesOfAFork(): void
    {
        $vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $vendor->answer(200, ['ok' => true]);
        $client = new Client('catalog', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $vendor->baseUri,
            'address' => ['allow_private' => true],
        ]);
        try {
            $client->get('parent-before');
            $child = self::fork(static fn () => $client->get('child')->json() === ['ok' => true] || throw new \LogicException('wrong answer'));
            self::assertSame(0, self::exitStatus($child));
            self::assertSame(['ok' => true], $client->get('parent-after')->json());
            self::assertCount(3, $vendor->requests());
        } finally {
            $vendor->stop();
        }
    }

    /** Runs $work in a child, which ends without the parent's clean-up. */
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

    private static function exitStatus(int $child): int
    {
        pcntl_waitpid($child, $status);

        return pcntl_wifexited($status) ? pcntl_wexitstatus($status) : -1;
    }
}
