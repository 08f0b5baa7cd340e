<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Inbox;
use Causeway\Receipt;
use Causeway\Snapshots;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use Causeway\Webhook\Event;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Inbox::class)]
#[CoversClass(Receipt::class)]
final class InboxTest extends TestCase
{
    use FrozenClock;
    use TemporaryFiles;

    private const KEY = 'a key of the contract';

    private ScriptedVendor $vendor;
    private Inbox $inbox;
    private Snapshots $snapshots;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $client = new Client('crm', [
            // Breaker and budget are shared by the whole host: each test has its own.
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'resources' => ['contact' => ['path' => 'contacts/{id}', 'fresh_s' => 900, 'cache_tags' => ['crm:contact:{id}']]],
            'webhook' => [
                'scheme' => 'standard-webhooks',
                'secrets' => ['whsec_' . base64_encode(self::KEY)],
                'refetch' => ['resource' => 'contact', 'id' => '/data/id'],
            ],
        ], new SqliteStore($this->path('store.sqlite')));
        $this->inbox = new Inbox($client);
        $this->snapshots = new Snapshots($client);
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    public function testDeliveryIsRecordedOnceAndConflictsAreKept(): void
    {
        $verdicts = [];
        foreach (['c7', 'c7', 'c8'] as $contact) {
            $receipt = $this->deliver('msg_1', $contact);
            $verdicts[] = [$receipt->status(), $receipt->verdict(), $receipt->reason()];
        }

        self::assertSame([[202, 'recorded', null], [202, 'duplicate', null], [202, 'conflict', null]], $verdicts);
        self::assertSame(1, $this->inbox->ledger()->counts()['pending']);
        self::assertSame([], $this->vendor->requests());
    }

    public function testForgeryIsRefusedAndNotRecorded(): void
    {
        $receipt = $this->deliver('msg_1', 'c7', 'another key');

        self::assertSame(['refused', 'no_match'], [$receipt->verdict(), $receipt->reason()]);
        self::assertContains($receipt->status(), [400, 401]);
        self::assertSame(0, $this->inbox->ledger()->counts()['pending']);
    }

    public function testEventFetchesItsEntityAnewAndInvalidates(): void
    {
        $this->vendor->answer(200, ['id' => 'c7', 'name' => 'Ada']);
        $this->deliver('msg_1', 'c7');
        [$tags, $effects] = [[], []];

        $done = $this->inbox->process(
            invalidate: static function (array $invalidated) use (&$tags): void {
                array_push($tags, ...$invalidated);
            },
            effect: static function (Event $event, ?array $entity) use (&$effects): void {
                $effects[] = [$event->id(), $event->type(), $entity['name'] ?? null];
            },
        );

        self::assertSame(['processed' => 1, 'failed' => 0, 'deferred' => 0, 'dead' => 0], $done);
        self::assertSame([['msg_1', 'contact.updated', 'Ada']], $effects);
        self::assertContains('crm:contact:c7', $tags);
        self::assertSame(['id' => 'c7', 'name' => 'Ada'], $this->snapshots->peek('contact', 'c7')?->data());
        self::assertSame(['/contacts/c7'], array_column($this->vendor->requests(), 'target'));
        self::assertSame(['duplicate', 0], [$this->deliver('msg_1', 'c7')->verdict(), $this->inbox->process()['processed']]);
    }

    public function testFailedEffectIsTriedAgainAndLeavesNoSnapshot(): void
    {
        $this->vendor->answer(200, ['id' => 'c7']);
        $this->deliver('msg_1', 'c7');

        $done = $this->inbox->process(effect: static fn () => throw new \DomainException('no'));
        self::assertSame([0, 1], [$done['processed'], $done['failed']]);
        self::assertNull($this->snapshots->peek('contact', 'c7'));

        Clock::advance(3_600_000);
        self::assertSame(1, $this->inbox->process()['processed']);
    }

    public function testVendorThatIsDownKeepsTheEvent(): void
    {
        $this->vendor->answer(503);
        $this->deliver('msg_1', 'c7');

        self::assertSame(0, $this->inbox->process()['processed']);
        self::assertSame(1, $this->inbox->ledger()->counts()['pending']);
    }

    private function deliver(string $id, string $contact, string $key = self::KEY): Receipt
    {
        $body = json_encode(['type' => 'contact.updated', 'data' => ['id' => $contact]], JSON_THROW_ON_ERROR);
        $time = (string) intdiv(self::NOW_MS, 1000);
        $mac = base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));

        return $this->inbox->receive($body, [
            'webhook-id' => $id,
            'webhook-timestamp' => $time,
            'webhook-signature' => "v1,$mac",
        ]);
    }
}
