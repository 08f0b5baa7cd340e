<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\StoreException;
use Causeway\Inbox;
use Causeway\Ledger;
use Causeway\Outbox;
use Causeway\Receipt;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\SmallDisk;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversNothing;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

/**
 * A full disk, a disk that is read-only, a clock that jumps: ledger, inbox and outbox lose nothing,
 * say what is wrong, and go on by themselves.
 */
#[CoversNothing]
#[RequiresPhpExtension('pcntl')]
#[RequiresPhpExtension('posix')]
final class DurableFaultsTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const BODY = '{"type":"contact.updated","data":{"id":"c7"}}';
    private const CLAIMS = ['lease_ms' => 60_000, 'max_attempts' => 1000, 'base_delay_ms' => 1000, 'max_delay_ms' => 1000];
    private const DAY_MS = 86_400_000;

    private ScriptedVendor $vendor;
    private ?SmallDisk $disk = null;
    private SqliteStore $store;
    private Ledger $ledger;
    private Inbox $inbox;
    private Outbox $outbox;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $this->vendor->answer(200, ['id' => 'c7']);
    }

    protected function tearDown(): void
    {
        unset($this->ledger, $this->inbox, $this->outbox, $this->store);
        $this->disk?->unmount();
        $this->vendor->stop();
    }

    private function openOnSmallDisk(): SmallDisk
    {
        $this->disk = SmallDisk::mount($this->path('disk'));
        $this->disk ?? self::markTestSkipped('a small disk needs root and a tmpfs');
        $this->open("{$this->disk->path}/store.sqlite");

        return $this->disk;
    }

    private function open(string $path): void
    {
        $this->store = new SqliteStore($path);
        $client = new Client('crm', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'resources' => ['contact' => ['path' => 'contacts/{id}']],
            'webhook' => ['scheme' => 'standard-webhooks', 'secrets' => [self::SECRET], 'refetch' => ['resource' => 'contact', 'id' => '/data/id']],
        ], $this->store);
        $this->inbox = new Inbox($client, self::CLAIMS);
        $this->outbox = new Outbox($client, self::CLAIMS);
        $this->ledger = new Ledger($this->store, self::CLAIMS);
    }

    private function receive(string $id): Receipt
    {
        $timestamp = intdiv(Clock::nowMs(), 1000);
        $key = (string) base64_decode(substr(self::SECRET, 6), true);
        $signature = base64_encode(hash_hmac('sha256', "$id.$timestamp." . self::BODY, $key, true));

        return $this->inbox->receive(self::BODY, ['webhook-id' => $id, 'webhook-timestamp' => (string) $timestamp, 'webhook-signature' => "v1,$signature"]);
    }

    /**
     * The idempotency keys that the vendor saw, by the item that they were for.
     *
     * @return array<string, list<string>>
     */
    private function keysAtTheVendor(): array
    {
        $keys = [];
        foreach ($this->vendor->requests() as $request) {
            $request['method'] !== 'POST' || $keys[json_decode($request['body'])][] = $request['headers']['idempotency-key'];
        }

        return $keys;
    }

    /**
     * From no room at all to enough, page by page: whichever write it is that finds none, what was
     * answered 2xx, what was accepted and what returned an outcome is there and is done in the end.
     */
    public function testWhateverRoomIsLeftNothingIsLostAndAllGoesOnOnceThereIsMore(): void
    {
        $disk = $this->openOnSmallDisk();
        $acknowledged = $accepted = $returned = $ran = [];
        $failed = ['receive' => [], 'process' => [], 'run' => [], 'send' => [], 'relay' => []];
        $attempt = static function (string $what, callable $work) use (&$failed): mixed {
            try {
                return $work();
            } catch (StoreException $e) {
                $failed[$what][] = $e;

                return null;
            }
        };
        for ($pages = 0; $pages < 32; $pages++) {
            $id = "e$pages";
            $disk->fillUpTo($pages);
            $receipt = $this->receive($id);
            if ($receipt->status() === 202) {
                $acknowledged[] = $id;
            } else {
                self::assertSame([503, 'unavailable'], [$receipt->status(), $receipt->verdict()]);
                self::assertGreaterThan(0, $receipt->retryAfterS());
                $failed['receive'][] = $receipt->reason();
            }
            $attempt('send', function () use ($id, &$accepted): void {
                $accepted[] = $this->outbox->send('POST', 'orders', ['id' => $id, 'json' => $id]);
            });
            $attempt('run', function () use ($id, &$ran, &$returned): void {
                $returned[$id] = $this->ledger->run('jobs', $id, 'x', static function () use ($id, &$ran): string {
                    $ran[$id] = ($ran[$id] ?? 0) + 1;

                    return "outcome of $id";
                });
            });
            $attempt('process', fn () => $this->inbox->process(1));
            $attempt('relay', fn () => $this->outbox->process(1));
            $disk->empty();
            Clock::advance(self::CLAIMS['lease_ms'] + 1000);
        }
        self::assertGreaterThan(0, \count($failed['receive']));
        foreach (['process', 'run', 'send', 'relay'] as $what) {
            self::assertNotSame([], $failed[$what], "$what never found the disk full");
            foreach ($failed[$what] as $e) {
                self::assertContains($e->reason, ['full', 'unavailable']);
                self::assertStringContainsString($disk->path, $e->getMessage(), 'it names what is full');
            }
        }
        self::assertContains('full', array_map(static fn (StoreException $e): string => $e->reason, $failed['send']));

        for ($round = 0; $round < 3; $round++) {
            $this->inbox->process(100);
            $this->outbox->process(100);
            Clock::advance(self::CLAIMS['lease_ms'] + 1000);
        }
        foreach ($acknowledged as $id) {
            self::assertSame('done', $this->inbox->event($id)['state'] ?? 'lost', $id);
        }
        $keys = $this->keysAtTheVendor();
        self::assertSame([], array_diff($accepted, array_keys($keys)), 'what was accepted was sent');
        self::assertSame([0, 0, 0], [$this->outbox->counts()['pending'], $this->outbox->counts()['claimed'], $this->outbox->counts()['dead']]);
        foreach ($keys as $id => $ofItem) {
            self::assertCount(1, array_unique($ofItem), "each repeat of $id has the same key");
        }
        foreach ($returned as $id => $outcome) {
            $before = $ran[$id];
            self::assertSame($outcome, $this->ledger->run('jobs', $id, 'x', static fn () => self::fail("$id runs again")));
            self::assertSame($before, $ran[$id]);
        }
    }

    public function testReadOnlyDiskIsSaidAndOnceItCanBeWrittenAllGoesOn(): void
    {
        $disk = $this->openOnSmallDisk();
        $this->receive('before');
        $this->outbox->send('POST', 'orders', ['id' => 'before', 'json' => 'before']);
        $this->ledger->record('jobs', 'before', 'x');

        $disk->turn('ro');
        $receipt = $this->receive('while');
        self::assertSame([503, 'unavailable'], [$receipt->status(), $receipt->verdict()]);
        self::assertGreaterThan(0, $receipt->retryAfterS());
        $refused = [
            'record' => fn () => $this->ledger->record('jobs', 'while', 'x'),
            'run' => fn () => $this->ledger->run('jobs', 'before', 'x', static fn () => self::fail('it ran without a claim')),
            'process' => fn () => $this->inbox->process(1),
            'send' => fn () => $this->outbox->send('POST', 'orders', ['id' => 'while', 'json' => 'while']),
            'relay' => fn () => $this->outbox->process(1),
            'open' => fn () => new SqliteStore("$disk->path/store.sqlite"),
        ];
        foreach ($refused as $what => $work) {
            $e = $this->assertThrows(StoreException::class, $work);
            self::assertSame('unavailable', $e->reason, $what);
            self::assertStringContainsString('must be writable', $e->getMessage(), $what);
        }
        self::assertSame([], $this->vendor->requests(), 'nothing is sent that could not be marked');

        $disk->turn('rw');
        self::assertSame('recorded', $this->receive('while')->verdict());
        self::assertSame(2, $this->inbox->process(9)['processed']);
        self::assertSame(1, $this->outbox->process(9)['sent']);
        self::assertSame(['before'], array_keys($this->keysAtTheVendor()));
        self::assertSame('duplicate', $this->ledger->record('jobs', 'before', 'x'));
        self::assertSame('recorded', $this->ledger->record('jobs', 'while', 'x'));
    }

    public function testClockThatJumpsBothWaysLosesNothingAndDelaysNothingForAsLong(): void
    {
        $this->open($this->path('store.sqlite'));
        $this->outbox->process();
        $now = self::NOW_MS;
        foreach (['now' => 0, 'ahead' => 400 * self::DAY_MS, 'right-again' => 0, 'behind' => -self::DAY_MS, 'right-once-more' => 0] as $when => $offMs) {
            Clock::freeze($now + $offMs);
            self::assertSame(202, $this->receive($when)->status());
            $this->ledger->record('jobs', $when, 'x');
            $this->outbox->send('POST', 'orders', ['id' => $when, 'json' => $when]);
            // Somebody takes one and dies.
            $this->ledger->claim('jobs', "held $when", 'x');
        }
        $done = ['inbox' => 0, 'outbox' => 0, 'ledger' => 0];
        // Each look for what a clock ahead left behind is a minute after the one before.
        foreach ([0, self::CLAIMS['lease_ms']] as $passesMs) {
            Clock::advance($passesMs);
            $done['inbox'] += $this->inbox->process(99)['processed'];
            $relayed = $this->outbox->process(99);
            self::assertNull($relayed['paused']);
            $done['outbox'] += $relayed['sent'];
            foreach ($this->ledger->claimDue(99, 'jobs') as $claim) {
                $claim->complete();
                $done['ledger']++;
            }
        }
        self::assertSame(['inbox' => 5, 'outbox' => 5, 'ledger' => 10], $done, 'what waited, and what the dead held');
        foreach ($this->keysAtTheVendor() as $id => $keys) {
            self::assertCount(1, $keys, "$id was sent once");
        }
        self::assertSame(10, $this->ledger->counts('jobs')['done']);
    }

    public function testWorkAtHandOutlivesAJumpOfTheClock(): void
    {
        $this->open($this->path('store.sqlite'));
        $outcome = $this->ledger->run('jobs', 'back', 'x', static function (): string {
            Clock::freeze(self::NOW_MS - self::DAY_MS);

            return 'done';
        });
        self::assertSame('done', $outcome);
        $this->outbox->send('POST', 'orders', ['id' => 'a', 'json' => 'a']);
        $ahead = $this->assertThrows(\Causeway\Exception\LeaseLostException::class, fn () => $this->ledger->run('jobs', 'ahead', 'x', static function (): void {
            Clock::freeze(self::NOW_MS + self::DAY_MS);
        }));
        self::assertStringContainsString('roll the effect back', $ahead->getMessage());
        self::assertSame('again', $this->ledger->run('jobs', 'ahead', 'x', static fn (): string => 'again'), 'its lease is over: it can be run at once');
    }
}
