<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Backfill;
use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Snapshots;
use Causeway\Store\SqliteStore;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Backfill::class)]
final class BackfillTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private ScriptedVendor $vendor;
    private Client $client;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $this->client = new Client('catalog', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'resources' => ['product' => ['path' => 'products/{id}', 'fresh_s' => 300]],
        ], new SqliteStore($this->path('store.sqlite')));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    public function testWalkGoesOnWhereItStopped(): void
    {
        $page = static fn (array $ids, ?string $next): array => [
            'items' => array_map(static fn (int $id): array => ['id' => $id, 'big' => PHP_INT_MAX], $ids),
            'next_cursor' => $next,
            'total' => 5,
        ];
        $this->vendor->answer(200, $page([1, 2], 'a'))->answer(200, $page([3, 4], 'b'))->answer(200, $page([5], null));
        $options = ['path' => 'products', 'page_size' => 2, 'chunk' => 2, 'total' => '/total'];
        $seen = [];
        $progress = static function (int $rows, ?int $total) use (&$seen): void {
            $seen[] = "$rows/$total";
        };

        $first = (new Backfill($this->client, 'product', $options))->run($progress, 1);
        $rest = (new Backfill($this->client, 'product', $options))->run($progress);

        self::assertSame([['rows' => 2, 'chunks' => 1, 'done' => false], true], [$first, $rest['done']]);
        self::assertSame(['2/5', '4/5', '5/5'], $seen);
        self::assertSame(['/products?limit=2', '/products?limit=2&cursor=a', '/products?limit=2&cursor=b'], array_column($this->vendor->requests(), 'target'));
        $snapshots = new Snapshots($this->client);
        self::assertSame(PHP_INT_MAX, $snapshots->peek('product', '5')?->data()['big']);
        self::assertNull($snapshots->peek('product', '6'));
    }

    /**
     * @param array<string, mixed>        $cursor
     * @param list<array<string, string>> $headers
     * @param list<string>                $targets
     */
    #[DataProvider('waysOfPaging')]
    public function testListsAreWalkedInEveryWay(array $cursor, array $headers, array $targets): void
    {
        $item = static fn (int $id): array => ['id' => $id, 'updated_at' => "2026-01-0{$id}T00:00:00Z"];
        foreach ([[$item(1), $item(2)], [$item(3)], []] as $number => $items) {
            $this->vendor->answer(200, ['items' => $items], $headers[$number] ?? []);
        }
        $report = (new Backfill($this->client, 'product', ['path' => 'products', 'page_size' => 2, 'cursor' => $cursor]))->run();

        self::assertSame([3, true], [$report['rows'], $report['done']]);
        self::assertSame($targets, array_column($this->vendor->requests(), 'target'));
        self::assertNotNull((new Snapshots($this->client))->peek('product', '3'));
    }

    /** @return iterable<string, array{array<string, mixed>, list<array<string, string>>, list<string>}> */
    public static function waysOfPaging(): iterable
    {
        yield 'page' => [['by' => 'page', 'start' => 0], [], ['/products?limit=2&page=0', '/products?limit=2&page=1', '/products?limit=2&page=2']];
        yield 'offset' => [['by' => 'offset', 'in' => 'skip'], [], ['/products?limit=2&skip=0', '/products?limit=2&skip=2', '/products?limit=2&skip=3']];
        yield 'link' => [['by' => 'link'], [['Link' => '<https://elsewhere.example/products?after=2>; rel="next"']], ['/products?limit=2', '/products?after=2']];
        yield 'since' => [['by' => 'since'], [], ['/products?limit=2', '/products?limit=2&since=2026-01-02T00%3A00%3A00Z', '/products?limit=2&since=2026-01-03T00%3A00%3A00Z']];
    }

    public function testPagesShrinkToWhatTheVendorTakes(): void
    {
        $this->vendor->answer(413)->answer(413)->answer(200, ['items' => [['id' => 1]], 'next_cursor' => null]);
        (new Backfill($this->client, 'product', ['path' => 'products', 'page_size' => 400]))->run();

        self::assertSame(['/products?limit=400', '/products?limit=200', '/products?limit=100'], array_column($this->vendor->requests(), 'target'));
    }

    public function testIntegersBeyond64BitsKeepTheirDigits(): void
    {
        $directory = sys_get_temp_dir();
        $this->vendor->answer(200, ['items' => [['id' => 1, 'big' => '@']], 'next_cursor' => null]);
        $answers = glob("$directory/causeway-vendor-*/answers") ?: [];
        foreach ($answers as $file) {
            file_put_contents($file, str_replace('\"@\"', '123456789012345678901234567890', (string) file_get_contents($file)));
        }
        (new Backfill($this->client, 'product', ['path' => 'products']))->run();

        $snapshot = (new Snapshots($this->client))->peek('product', '1');
        self::assertSame('123456789012345678901234567890', $snapshot?->data()['big']);
    }

    public function testBadOptionIsNamed(): void
    {
        $thrown = $this->assertThrows(OptionsException::class, fn () => new Backfill($this->client, 'product', ['path' => 'products', 'chunk' => 0]));

        self::assertSame('chunk', $thrown->field);
    }
}
