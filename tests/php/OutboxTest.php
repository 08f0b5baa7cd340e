<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Exception\StoreException;
use Causeway\Outbox;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\ForkedCommand;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;
use Shop\PdoStore;

#[CoversClass(Outbox::class)]
final class OutboxTest extends TestCase
{
    use AssertThrows;
    use TemporaryFiles;

    private ScriptedVendor $vendor;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
    }

    protected function tearDown(): void
    {
        Clock::thaw();
        $this->vendor->stop();
    }

    /** @param array<string, mixed> $options */
    private function outbox(?\Causeway\Store $store = null, array $options = []): Outbox
    {
        return new Outbox(new Client('crm', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
        ], $store ?? new SqliteStore($this->path('store.sqlite'))), $options);
    }

    public function testWriteIsRecordedFirstAndSentLaterUnderItsKey(): void
    {
        $this->vendor->answer(503)->answer(201);
        $outbox = $this->outbox(options: ['base_delay_ms' => 0]);
        $id = $outbox->send('POST', 'orders', ['json' => ['n' => 1], 'headers' => ['X-Tenant' => 'a']]);
        self::assertSame([], $this->vendor->requests());

        self::assertSame(['sent' => 1, 'failed' => 1, 'deferred' => 0, 'dead' => 0, 'paused' => null], $outbox->process());
        self::assertFalse($outbox->cancel($id));
        [$first, $second] = $this->vendor->requests();
        self::assertSame(['POST', '/orders', '{"n":1}', 'a'], [$first['method'], $first['target'], $first['body'], $first['headers']['x-tenant']]);
        self::assertSame(64, strlen($first['headers']['idempotency-key']));
        self::assertSame($first['headers']['idempotency-key'], $second['headers']['idempotency-key']);
        self::assertSame(1, $outbox->counts()['done']);
    }

    public function testWriteIsPartOfTheApplicationsTransaction(): void
    {
        $store = PdoStore::open($this->path('shop.sqlite'));
        $outbox = $this->outbox($store);
        $this->assertThrows(\DomainException::class, static fn () => $store->atomically(static function () use ($store, $outbox): void {
            $store->recordEffect('order', 'c1');
            $outbox->send('POST', 'orders');
            throw new \DomainException('no');
        }));
        self::assertSame(0, $outbox->counts()['pending']);
        $store->atomically(static function () use ($store, $outbox): void {
            $store->recordEffect('order', 'c1');
            $outbox->send('POST', 'orders', ['id' => 'order-1']);
        });
        self::assertSame([1, 1], [$outbox->counts()['pending'], (int) $store->pdo->query('SELECT COUNT(*) FROM effects')->fetchColumn()]);
    }

    public function testDeadWriteBlocksItsKeyUntilItIsDiscarded(): void
    {
        $this->vendor->answer(422)->answer(200);
        $outbox = $this->outbox();
        $outbox->send('POST', 'orders?secret=x', ['id' => 'a', 'order' => 'customer-7']);
        $outbox->send('POST', 'orders', ['id' => 'b', 'order' => 'customer-7']);

        self::assertSame(1, $outbox->process()['dead']);
        self::assertSame([1, 0], [$outbox->counts()['blocked'], $outbox->process()['sent']]);
        [$letter] = $outbox->deadLetters();
        unset($letter['updated_at_ms']);
        self::assertSame(['id' => 'a', 'method' => 'POST', 'target' => 'orders', 'order' => 'customer-7', 'attempts' => 1, 'error' => 'the vendor answered 422'], $letter);
        self::assertTrue($outbox->discard('a'));
        self::assertSame(1, $outbox->process()['sent']);
    }

    public function testCallSharesTheRecord(): void
    {
        $this->vendor->answer(201, ['id' => 9])->answer(422, ['error' => 'no']);
        $outbox = $this->outbox();
        self::assertSame(['id' => 9], $outbox->call('POST', 'orders', ['id' => 'a', 'json' => 1])->json());
        $this->assertThrows(StoreException::class, static fn () => $outbox->call('POST', 'orders', ['id' => 'a', 'json' => 1]));
        $thrown = $this->assertThrows(StatusException::class, static fn () => $outbox->call('POST', 'orders', ['id' => 'b']));
        self::assertSame(422, $thrown->status);
        self::assertSame([1, 0], [$outbox->counts()['done'], $outbox->counts()['dead']]);
    }

    public function testRelayThatWasAwayStartsPausedAndSaysWhy(): void
    {
        Clock::freeze(1_700_000_000_000);
        $outbox = $this->outbox();
        $outbox->process();
        $outbox->send('POST', 'orders');
        Clock::advance(7 * 3_600_000);
        $paused = $outbox->process()['paused'];
        self::assertStringContainsString('was last here 7 h ago', $paused);
        self::assertSame($paused, $outbox->counts()['paused']);
        $outbox->resume();
        $this->vendor->answer(200);
        self::assertSame(1, $outbox->process()['sent']);
    }

    #[RequiresPhpExtension('pcntl')]
    public function testStoreThatIsOlderThanItWasStartsPausedAndSaysWhy(): void
    {
        Clock::freeze(1_700_000_000_000);
        $path = $this->path('store.sqlite');
        $options = ['namespace' => bin2hex(random_bytes(8)), 'base_uri' => $this->vendor->baseUri, 'address' => ['allow_private' => true]];
        $open = static fn (): Outbox => new Outbox(new Client('crm', $options, new SqliteStore($path)));
        $this->vendor->answer(200);
        $outbox = $open();
        $outbox->process();
        $outbox->send('POST', 'orders', ['id' => 'a']);
        self::copyWhole($path, "$path.backup");
        Clock::advance(2000);
        self::assertSame(1, $outbox->process()['sent']);

        self::copyWhole("$path.backup", $path);
        $paused = $open()->process();
        self::assertSame(0, $paused['sent']);
        self::assertStringContainsString('the store is older than it was', (string) $paused['paused']);
        self::assertSame($paused['paused'], $open()->counts()['paused']);
        self::assertCount(1, $this->vendor->requests(), 'nothing is sent unasked');
        $open()->resume();
        self::assertSame(1, $open()->process()['sent']);
    }

    /** Over what is there, as a restore does, with nobody at work in it: a fork closes the store. */
    private static function copyWhole(string $from, string $to): void
    {
        self::assertTrue(ForkedCommand::run('/bin/cp', $from, $to));
    }

    public function testDeadWritesAreReplayedBySpanAndPayloadsOfWhatEndedAreErased(): void
    {
        Clock::freeze(1_700_000_000_000);
        $path = $this->path('store.sqlite');
        $outbox = $this->outbox(new SqliteStore($path));
        $this->vendor->answer(422)->answer(422)->answer(200);
        foreach (['a', 'b'] as $id) {
            $outbox->send('POST', 'orders', ['id' => $id, 'json' => ['secret' => "mark-of-$id"]]);
            $outbox->process();
            Clock::advance(60_000);
        }
        self::assertSame(0, $outbox->replayAll(1_700_000_000_001, 1_700_000_059_999));
        self::assertSame(1, $outbox->replayAll(1_700_000_000_001));
        self::assertSame(1, $outbox->process()['sent']);
        self::assertSame(['a'], array_column($outbox->deadLetters(), 'id'));

        Clock::advance(3_600_001);
        self::assertSame(1, $outbox->erasePayloads(3600));
        self::assertSame(0, $outbox->erasePayloads(3600));
        self::assertSame('b', $outbox->send('POST', 'orders', ['id' => 'b', 'json' => ['secret' => 'mark-of-b']]), 'a repeat is known');
        $thrown = $this->assertThrows(StoreException::class, static fn () => $outbox->send('POST', 'orders', ['id' => 'b', 'json' => 1]));
        self::assertSame('misuse', $thrown->reason);
        self::assertSame(1, $outbox->replayAll());
        $this->vendor->reset()->answer(200);
        self::assertSame(1, $outbox->process()['sent'], 'what was dead was kept whole');
    }

    public function testOptionsAreChecked(): void
    {
        $outbox = $this->outbox();
        foreach ([['delay_ms' => -1], ['order' => 5], ['bdy' => 'x'], ['id' => '']] as $options) {
            $thrown = $this->assertThrows(OptionsException::class, static fn () => $outbox->send('POST', 'orders', $options));
            self::assertSame(array_key_first($options), $thrown->field);
        }
        foreach ([['unsure' => 'maybe'], ['mark_dir' => $this->path('none')]] as $options) {
            $thrown = $this->assertThrows(OptionsException::class, fn () => $this->outbox(options: $options));
            self::assertSame(array_key_first($options), $thrown->field);
        }
    }
}
