<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Reconcile;
use Causeway\Snapshots;
use Causeway\Store;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\TestWith;
use PHPUnit\Framework\TestCase;
use Shop\PdoStore;

#[CoversClass(Reconcile::class)]
final class ReconcileTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private const OPTIONS = ['path' => 'products', 'page_size' => 2, 'cursor' => ['by' => 'offset'], 'deletions' => 'absent', 'max_absent' => 0.5];

    private ScriptedVendor $vendor;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    private function client(Store $store): Client
    {
        return new Client('catalog', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'resources' => ['product' => ['path' => 'products/{id}', 'fresh_s' => 300, 'cache_tags' => ['catalog:product:{id}']]],
        ], $store);
    }

    #[TestWith(['sqlite'])]
    #[TestWith(['pdo'])]
    public function testDifferencesAreRepairedAndReported(string $kind): void
    {
        $path = $this->path('store.sqlite');
        $client = $this->client($kind === 'pdo' ? PdoStore::open($path) : new SqliteStore($path));
        $snapshots = new Snapshots($client);
        foreach ([1, 2, 3] as $id) {
            $snapshots->put('product', (string) $id, ['id' => $id, 'price' => 10]);
        }
        Clock::advance(1000);
        $this->vendor
            ->answer(200, ['items' => [['price' => 10, 'id' => 1], ['id' => 2, 'price' => 12]]])
            ->answer(200, ['items' => [['id' => 4, 'price' => 10]]])
            ->answer(200, ['items' => []]);
        $reconcile = new Reconcile($client, 'product', self::OPTIONS);
        $told = [];
        $report = $reconcile->run(static function (int $items, ?int $total) use (&$told): void {
            $told[] = [$items, $total];
        });
        $owed = [];
        $snapshots->settle(static function (array $tags) use (&$owed): void {
            array_push($owed, ...$tags);
        });
        sort($owed);

        self::assertSame([3, 1, 1, 1, 1, 3], [$report['listed'], $report['same'], $report['changed'], $report['missing'], $report['absent'], $report['repaired']]);
        self::assertSame(['changed' => ['2'], 'missing' => ['4'], 'absent' => ['3']], $report['ids']);
        self::assertSame([[2, null], [3, null], [3, null]], $told);
        self::assertSame(['catalog:product:2', 'catalog:product:3', 'catalog:product:4'], $owed);
        self::assertNull($snapshots->peek('product', '3'));
        self::assertSame(12, $snapshots->peek('product', '2')?->data()['price']);
        $last = $reconcile->last();
        self::assertIsArray($last);
        self::assertIsInt($last['at_ms']);
        self::assertSame($report, array_diff_key($last, ['at_ms' => 0]));
    }

    public function testAnEmptyListIsNotBelieved(): void
    {
        $client = $this->client(new SqliteStore($this->path('store.sqlite')));
        $snapshots = new Snapshots($client);
        $snapshots->put('product', '1', ['id' => 1]);
        Clock::advance(1000);
        $this->vendor->answer(200, ['items' => []]);
        $report = (new Reconcile($client, 'product', self::OPTIONS))->run();

        self::assertSame([1, 0], [$report['absent'], $report['repaired']]);
        self::assertSame('the list is empty, and 1 snapshots are known', $report['refused'] ?? null);
        self::assertNotNull($snapshots->peek('product', '1'));
        $forced = (new Reconcile($client, 'product', self::OPTIONS + ['force' => true]))->run();
        self::assertSame(1, $forced['repaired']);
        self::assertNull($snapshots->peek('product', '1'));
    }

    public function testBadOptionIsNamed(): void
    {
        $client = $this->client(new SqliteStore($this->path('store.sqlite')));
        $thrown = $this->assertThrows(OptionsException::class, static fn () => new Reconcile($client, 'product', ['path' => 'products', 'deletions' => 'all']));

        self::assertSame('deletions', $thrown->field);
    }
}
