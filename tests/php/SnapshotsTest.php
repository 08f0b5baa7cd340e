<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Exception\SnapshotMissingException;
use Causeway\Exception\StatusException;
use Causeway\Snapshot;
use Causeway\Snapshots;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Snapshots::class)]
#[CoversClass(Snapshot::class)]
final class SnapshotsTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private const FRESH_MS = 300_000;

    private ScriptedVendor $vendor;
    private Snapshots $snapshots;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $client = new Client('catalog', [
            // Breaker and budget are shared by the whole host: each test has its own.
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'resources' => [
                'product' => ['path' => 'products/{id}', 'fresh_s' => self::FRESH_MS / 1000, 'cache_tags' => ['catalog:product:{id}']],
            ],
        ], new SqliteStore($this->path('store.sqlite')));
        $this->snapshots = new Snapshots($client);
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    public function testFirstViewFetchesAndTheNextOnesDoNot(): void
    {
        $this->vendor->answer(200, ['id' => '42', 'price_cents' => 1234], ['ETag' => '"v1"']);
        $this->snapshots->get('product', '42');
        $snapshot = $this->snapshots->get('product', '42');

        self::assertSame(['id' => '42', 'price_cents' => 1234], $snapshot->data());
        self::assertSame(['product', '42', '"v1"'], [$snapshot->resource(), $snapshot->id(), $snapshot->etag()]);
        self::assertContains('catalog:product:42', $snapshot->tags());
        self::assertSame([self::NOW_MS, self::NOW_MS + self::FRESH_MS], [$snapshot->fetchedAtMs(), $snapshot->freshUntilMs()]);
        self::assertSame([false, self::FRESH_MS / 1000], [$snapshot->isStale(), $snapshot->maxAgeS()]);
        self::assertSame(['/products/42'], array_column($this->vendor->requests(), 'target'));
    }

    public function testIdStaysWithinItsPath(): void
    {
        $this->vendor->answer(200, ['id' => 'x']);
        $this->snapshots->get('product', '../admin?a=b#c');

        self::assertSame('/products/..%2Fadmin%3Fa%3Db%23c', $this->vendor->requests()[0]['target']);
    }

    public function testPeekNeverFetches(): void
    {
        self::assertNull($this->snapshots->peek('product', '42'));
        self::assertSame([], $this->vendor->requests());
    }

    public function testStaleSnapshotIsServedAndRefreshedAfterwards(): void
    {
        $this->vendor->answer(200, ['price_cents' => 1])->answer(200, ['price_cents' => 2]);
        $this->snapshots->get('product', '42');
        Clock::advance(self::FRESH_MS);

        $stale = $this->snapshots->get('product', '42');
        self::assertSame([true, 0, ['price_cents' => 1]], [$stale->isStale(), $stale->maxAgeS(), $stale->data()]);
        self::assertCount(1, $this->vendor->requests());

        $invalidated = [];
        $done = $this->snapshots->refreshStale(static function (array $tags) use (&$invalidated): void {
            array_push($invalidated, ...$tags);
        });
        self::assertSame(['refreshed' => 1, 'unchanged' => 0, 'failed' => 0, 'skipped' => 0], $done);
        self::assertContains('catalog:product:42', $invalidated);
        self::assertSame(['price_cents' => 2], $this->snapshots->get('product', '42')->data());
    }

    public function testUnchangedAnswerInvalidatesNothing(): void
    {
        $this->vendor->answer(200, ['price_cents' => 1], ['ETag' => '"v1"'])->answer(304);
        $this->snapshots->get('product', '42');
        Clock::advance(self::FRESH_MS);
        $this->snapshots->get('product', '42');

        $done = $this->snapshots->refreshStale(static fn (array $tags) => self::fail('tags were invalidated'));

        self::assertSame(1, $done['unchanged']);
        self::assertSame('"v1"', $this->vendor->requests()[1]['headers']['if-none-match']);
        $snapshot = $this->snapshots->get('product', '42');
        self::assertSame([false, ['price_cents' => 1]], [$snapshot->isStale(), $snapshot->data()]);
    }

    public function testVendorThatIsDownLeavesTheLastSnapshot(): void
    {
        $this->vendor->answer(200, ['price_cents' => 1])->answer(503);
        $this->snapshots->get('product', '42');
        Clock::advance(self::FRESH_MS);
        $this->snapshots->get('product', '42');

        self::assertSame(1, $this->snapshots->refreshStale()['failed']);
        $snapshot = $this->snapshots->get('product', '42');
        self::assertSame([true, ['price_cents' => 1]], [$snapshot->isStale(), $snapshot->data()]);
    }

    public function testNoSnapshotAndNoVendorSaysWhy(): void
    {
        $this->vendor->answer(503);
        try {
            $this->snapshots->get('product', '42');
            self::fail('there was a snapshot');
        } catch (SnapshotMissingException $missing) {
            self::assertInstanceOf(StatusException::class, $missing->getPrevious());
            self::assertSame(503, $missing->getPrevious()->status);
        }
    }

    public function testPutAndForget(): void
    {
        $this->snapshots->put('product', '42', ['price_cents' => 5]);
        self::assertSame(['price_cents' => 5], $this->snapshots->get('product', '42')->data());
        self::assertTrue($this->snapshots->forget('product', '42'));
        self::assertFalse($this->snapshots->forget('product', '42'));
        self::assertNull($this->snapshots->peek('product', '42'));
        self::assertSame([], $this->vendor->requests());
    }

    public function testManyKeepsIdsAndTheirOrder(): void
    {
        $this->snapshots->put('product', '1', ['n' => 1]);
        $this->snapshots->put('product', '2', ['n' => 2]);

        $many = $this->snapshots->many('product', ['2', '1']);

        self::assertSame(['2', '1'], array_map(strval(...), array_keys($many)));
        self::assertSame([['n' => 2], ['n' => 1]], array_map(static fn (Snapshot $one): mixed => $one->data(), array_values($many)));
    }

    public function testVersionAndChecksumTellAChange(): void
    {
        $first = $this->snapshots->put('product', '42', ['n' => 1]);
        $second = $this->snapshots->put('product', '42', ['n' => 2]);

        self::assertGreaterThan($first->version(), $second->version());
        self::assertNotSame($first->checksum(), $second->checksum());
    }

    public function testUnknownResourceIsNamed(): void
    {
        $this->expectExceptionMessageMatches('~contact~');
        $this->snapshots->get('contact', 'c1');
    }

    public function testOldShapesAreReadBesideNewOnesUntilTheyAreRewritten(): void
    {
        $store = new SqliteStore($this->path('shapes.sqlite'));
        $release = fn (?array $schema): Snapshots => new Snapshots(new Client('catalog', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'resources' => ['product' => ['path' => 'products/{id}', 'schema' => $schema]],
        ], $store));
        $old = $release(null);
        $old->put('product', '1', ['cents' => 100]);
        $old->put('product', '2', ['cents' => 200]);
        $new = $release(['version' => 2, 'from' => 1]);
        $new->put('product', '3', ['price' => ['cents' => 300]]);

        self::assertSame([1, 2], [$new->get('product', '1')->schemaVersion(), $new->get('product', '3')->schemaVersion()]);
        self::assertSame(['price' => ['cents' => 300]], $old->get('product', '3')->data());
        try {
            $new->contract('product');
            self::fail('old rows remain');
        } catch (OptionsException $e) {
            self::assertStringContainsString('2 snapshots of product', $e->getMessage());
            self::assertSame('schema.from', $e->field);
        }
        $told = [];
        $report = $new->rewrite('product', static fn (array $data, string $id, int $version): array => ['price' => ['cents' => $data['cents']]], static function (int $done, int $left) use (&$told): void {
            $told[] = [$done, $left];
        }, 1);
        $new->contract('product');

        self::assertSame(['rewritten' => 2, 'dropped' => 0, 'left' => 0], $report);
        self::assertSame([[1, 1], [2, 0]], $told);
        self::assertSame([2 => 3], $new->schemaVersions('product'));
        self::assertSame(['price' => ['cents' => 100]], $new->get('product', '1')->data());
        self::assertNotNull($release(['version' => 2])->peek('product', '2'));

        self::assertSame(2, $old->contracted('product'));
        $asked = \count($this->vendor->requests());
        foreach ([static fn () => $old->put('product', '1', ['cents' => 1]), static fn () => $old->refresh('product', '1'), static fn () => $old->get('product', 'new')] as $write) {
            $refused = $this->assertThrows(SnapshotMissingException::class, $write);
            self::assertStringContainsString('product was contracted to shape 2, and this release writes shape 1', $refused->getMessage());
        }
        self::assertCount($asked, $this->vendor->requests());
        self::assertSame(['price' => ['cents' => 100]], $old->get('product', '1')->data(), 'it reads on');
        $new->expand('product');
        $old->put('product', '1', ['cents' => 1]);
    }

    public function testLastModifiedRevalidates(): void
    {
        $at = 'Fri, 27 Nov 2026 10:00:00 GMT';
        $this->vendor->answer(200, ['id' => '42'], ['Last-Modified' => $at])->answer(304);
        $this->snapshots->get('product', '42');
        $again = $this->snapshots->refresh('product', '42');

        self::assertSame(['id' => '42'], $again->data());
        self::assertSame($at, array_change_key_case($this->vendor->requests()[1]['headers'])['if-modified-since'] ?? null);
    }
}
