<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Inbox;
use Causeway\Receipt;
use Causeway\Snapshots;
use Causeway\Store;
use Causeway\Store\SqliteStore;
use Causeway\Switches;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use Causeway\Webhook\Event;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Shop\PdoStore;

#[CoversClass(Inbox::class)]
#[CoversClass(Receipt::class)]
final class InboxTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const BODY = '{"type":"contact.updated","data":{"id":"c7"}}';

    private ScriptedVendor $vendor;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    private function client(?Store $store): Client
    {
        return new Client('crm', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'resources' => ['contact' => ['path' => 'contacts/{id}', 'fresh_s' => 900, 'cache_tags' => ['crm:contact:{id}']]],
            'webhook' => [
                'scheme' => 'standard-webhooks',
                'secrets' => [self::SECRET],
                'refetch' => ['resource' => 'contact', 'id' => '/data/id'],
            ],
        ], $store);
    }

    /** @return array<string, string> */
    private static function signed(string $id, string $body = self::BODY): array
    {
        $timestamp = intdiv(self::NOW_MS, 1000);
        $key = (string) base64_decode(substr(self::SECRET, 6), true);
        $signature = base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));

        return ['webhook-id' => $id, 'webhook-timestamp' => (string) $timestamp, 'webhook-signature' => "v1,$signature"];
    }

    public function testDeliveryIsRecordedAndItsRepeatHasNoEffect(): void
    {
        $this->vendor->answer(200, ['id' => 'c7', 'email' => 'new@example.org']);
        $client = $this->client(new SqliteStore($this->path('store.sqlite')));
        $inbox = new Inbox($client);

        $first = $inbox->receive(self::BODY, self::signed('msg_1'));
        $again = $inbox->receive(self::BODY, self::signed('msg_1'));
        $invalidated = [];
        $processed = $inbox->process(10, static function (array $tags) use (&$invalidated): void {
            array_push($invalidated, ...$tags);
        });
        $afterwards = $inbox->receive(self::BODY, self::signed('msg_1'));

        self::assertSame([202, 'recorded'], [$first->status(), $first->verdict()]);
        self::assertSame([202, 'duplicate'], [$again->status(), $again->verdict()]);
        self::assertSame([202, 'duplicate'], [$afterwards->status(), $afterwards->verdict()]);
        self::assertSame(['processed' => 1, 'failed' => 0, 'deferred' => 0, 'dead' => 0], $processed);
        self::assertContains('crm:contact:c7', $invalidated);
        self::assertSame(['/contacts/c7'], array_column($this->vendor->requests(), 'target'));
        self::assertSame('new@example.org', (new Snapshots($client))->peek('contact', 'c7')?->data()['email']);
        self::assertSame(0, $inbox->process(10)['processed']);
    }

    public function testSameIdWithAnotherPayloadIsKeptAsAConflict(): void
    {
        $inbox = new Inbox($this->client(new SqliteStore($this->path('store.sqlite'))));
        $inbox->receive(self::BODY, self::signed('msg_1'));
        $other = '{"type":"contact.updated","data":{"id":"c8"}}';
        $receipt = $inbox->receive($other, self::signed('msg_1', $other));

        self::assertSame([202, 'conflict'], [$receipt->status(), $receipt->verdict()]);
        self::assertSame(1, $inbox->ledger()->counts()['conflict']);
    }

    /** @param array<string, string> $changed */
    #[DataProvider('forgeries')]
    public function testForgeryIsAnsweredWithItsReasonAndNothingIsStored(int $status, string $reason, array $changed): void
    {
        $inbox = new Inbox($this->client(new SqliteStore($this->path('store.sqlite'))));
        $receipt = $inbox->receive(self::BODY, array_filter($changed + self::signed('msg_1'), static fn (string $value): bool => $value !== ''));

        self::assertSame([$status, 'refused', $reason], [$receipt->status(), $receipt->verdict(), $receipt->reason()]);
        self::assertSame(0, array_sum($inbox->ledger()->counts()));
    }

    /** @return iterable<string, array{int, string, array<string, string>}> */
    public static function forgeries(): iterable
    {
        yield 'another signature' => [401, 'no_match', ['webhook-signature' => 'v1,' . base64_encode(str_repeat('x', 32))]];
        yield 'no signature' => [400, 'missing_header', ['webhook-signature' => '']];
        yield 'a second too old' => [401, 'timestamp_too_old', ['webhook-timestamp' => (string) (intdiv(self::NOW_MS, 1000) - 301)]];
        yield 'a second too early' => [401, 'timestamp_in_future', ['webhook-timestamp' => (string) (intdiv(self::NOW_MS, 1000) + 301)]];
    }

    public function testVendorThatIsDownLeavesTheEventForLaterAndDeadInTheEnd(): void
    {
        $this->vendor->answer(503);
        $inbox = new Inbox($this->client(new SqliteStore($this->path('store.sqlite'))), ['max_attempts' => 2, 'base_delay_ms' => 1000]);
        $inbox->receive(self::BODY, self::signed('msg_1'));

        self::assertSame(1, $inbox->process(10)['failed']);
        self::assertSame(0, array_sum($inbox->process(10)), 'it is not due yet');
        Clock::advance(60_000);
        self::assertSame(1, $inbox->process(10)['dead']);
        self::assertStringContainsString('503', $inbox->ledger()->deadLetters()[0]['error']);

        $this->vendor->reset()->answer(200, ['id' => 'c7']);
        self::assertTrue($inbox->ledger()->replay('crm', 'msg_1'));
        self::assertSame(1, $inbox->process(10)['processed']);
    }

    public function testPausedConnectionKeepsRecordingAndDefersTheRest(): void
    {
        $store = new SqliteStore($this->path('store.sqlite'));
        (new Switches($store))->pause('crm', 'maintenance');
        $inbox = new Inbox($this->client($store));

        self::assertSame('recorded', $inbox->receive(self::BODY, self::signed('msg_1'))->verdict());
        self::assertSame(['processed' => 0, 'failed' => 0, 'deferred' => 1, 'dead' => 0], $inbox->process(10));
        self::assertSame([], $this->vendor->requests());
    }

    public function testEffectAndMarkShareTheApplicationsTransaction(): void
    {
        $this->vendor->answer(200, ['id' => 'c7']);
        $store = PdoStore::open($this->path('shop.sqlite'));
        $pdo = $store->pdo;
        $pdo->exec('CREATE TABLE applied (event_id TEXT, type TEXT, contact TEXT)');
        $inbox = new Inbox($this->client($store), ['base_delay_ms' => 0, 'max_delay_ms' => 0]);
        $inbox->receive(self::BODY, self::signed('msg_1'));
        $insert = static function (Event $event, ?array $entity) use ($pdo): void {
            $pdo->prepare('INSERT INTO applied VALUES (?, ?, ?)')->execute([$event->id(), $event->type(), $entity['id'] ?? null]);
        };

        $failed = $inbox->process(1, null, static function (Event $event, ?array $entity) use ($insert): void {
            $insert($event, $entity);
            throw new \DomainException('the shop is closed');
        });
        self::assertSame(1, $failed['failed']);
        self::assertSame([], $pdo->query('SELECT * FROM applied')->fetchAll(\PDO::FETCH_NUM), 'the effect was rolled back');

        self::assertSame(1, $inbox->process(10, null, $insert)['processed']);
        self::assertSame([['msg_1', 'contact.updated', 'c7']], $pdo->query('SELECT * FROM applied')->fetchAll(\PDO::FETCH_NUM));
    }

    public function testStoreOfTheApplicationThatFailsIsAnsweredSoThatTheSenderRepeats(): void
    {
        $store = PdoStore::open($this->path('shop.sqlite'));
        $inbox = new Inbox($this->client($store));
        $store->pdo->exec('DROP TABLE causeway_inbox');

        $receipt = $inbox->receive(self::BODY, self::signed('msg_1'));

        self::assertSame([503, 'unavailable'], [$receipt->status(), $receipt->verdict()]);
    }

    public function testConnectionWithoutWebhookIsNamed(): void
    {
        $client = new Client('plain', ['base_uri' => 'https://api.example.org/'], new SqliteStore($this->path('store.sqlite')));
        $thrown = $this->assertThrows(OptionsException::class, static fn () => new Inbox($client));

        self::assertSame('webhook', $thrown->field);
        self::assertStringContainsString('plain', $thrown->getMessage());
    }

    /** @param array<string, mixed> $webhook */
    private function inboxWith(array $webhook, Store $store): Inbox
    {
        return new Inbox(new Client('crm', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'resources' => ['contact' => ['path' => 'contacts/{id}', 'order' => '/v']],
            'webhook' => $webhook + ['scheme' => 'standard-webhooks', 'secrets' => [self::SECRET]],
        ], $store), ['max_attempts' => 1]);
    }

    public function testPayloadsAreSealedAndShownRedacted(): void
    {
        $path = $this->path('sealed.sqlite');
        $inbox = $this->inboxWith(['encrypt' => ['k1' => str_repeat("\x07", 32)], 'redact' => ['/data/email']], new SqliteStore($path));
        $body = '{"type":"contact.updated","data":{"id":"c7","email":"ann@example.org"}}';
        $inbox->receive($body, self::signed('msg_1', $body));
        $before = $inbox->event('msg_1');
        $seen = null;
        $inbox->process(1, null, static function (Event $event) use (&$seen): void {
            $seen = $event->payload();
            throw new \RuntimeException('no mailbox ann@example.org');
        });
        $after = $inbox->event('msg_1');

        self::assertSame(['pending', 'contact.updated', 0], [$before['state'] ?? null, $before['type'] ?? null, $before['attempts'] ?? null]);
        self::assertSame('{"type":"contact.updated","data":{"id":"c7","email":"[redacted]"}}', $before['payload'] ?? null);
        self::assertSame($body, $seen);
        self::assertSame(['dead', 'RuntimeException: no mailbox [redacted]'], [$after['state'] ?? null, $after['error'] ?? null]);
        self::assertNull($inbox->event('msg_2'));
        foreach (glob("$path*") ?: [] as $file) {
            self::assertStringNotContainsString('ann@example.org', (string) file_get_contents($file));
        }
    }

    public function testFullInboxIsAnswered503AndRecovers(): void
    {
        $inbox = $this->inboxWith(['max_waiting' => 1], new SqliteStore($this->path('full.sqlite')));
        $first = $inbox->receive(self::BODY, self::signed('msg_1'));
        $second = $inbox->receive(self::BODY, self::signed('msg_2'));
        $inbox->process(1);
        Clock::advance(1000);
        $third = $inbox->receive(self::BODY, self::signed('msg_2'));

        self::assertSame([202, 503, 202], [$first->status(), $second->status(), $third->status()]);
        self::assertSame(['unavailable', 'inbox_full', 10], [$second->verdict(), $second->reason(), $second->retryAfterS()]);
    }

    public function testEmbeddedEntityIsKeptUnlessItIsOlder(): void
    {
        $store = new SqliteStore($this->path('embedded.sqlite'));
        $inbox = $this->inboxWith(['embedded' => ['resource' => 'contact', 'id' => '/data/id', 'data' => '/data']], $store);
        $got = [];
        foreach (['msg_2' => 2, 'msg_1' => 1] as $id => $version) {
            $body = json_encode(['data' => ['id' => 'c7', 'v' => $version]], JSON_THROW_ON_ERROR);
            $inbox->receive($body, self::signed($id, $body));
            $inbox->process(1, null, static function (Event $event, ?array $entity) use (&$got): void {
                $got[$event->id()] = $entity['v'] ?? null;
            });
        }

        self::assertSame(['msg_2' => 2, 'msg_1' => 2], $got);
        self::assertSame([], $this->vendor->requests());
    }

    public function testEmbeddedWantsAnOrder(): void
    {
        $thrown = $this->assertThrows(OptionsException::class, fn () => new Client('crm', [
            'base_uri' => 'https://crm.example/',
            'resources' => ['contact' => ['path' => 'contacts/{id}']],
            'webhook' => ['scheme' => 'standard-webhooks', 'secrets' => [self::SECRET], 'embedded' => ['resource' => 'contact', 'id' => '/id', 'data' => '/data']],
        ]));

        self::assertSame('webhook.embedded.resource', $thrown->field);
    }
}
