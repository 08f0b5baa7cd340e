<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\LimitException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Pages;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
#[CoversClass(Pages::class)]
final class PaginateTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;

    /** @return iterable<string, array{string, array<string, mixed>|null}> */
    public static function ways(): iterable
    {
        yield 'link, as left out' => ['link', null];
        yield 'link' => ['link', ['by' => 'link']];
        yield 'cursor' => ['cursor', ['by' => 'cursor']];
        yield 'offset' => ['offset', ['by' => 'offset']];
        yield 'offset with a total' => ['offset', ['by' => 'offset', 'total' => '/total', 'size' => 3]];
        yield 'page' => ['page', ['by' => 'page']];
    }

    /** @param array<string, mixed>|null $pages */
    #[DataProvider('ways')]
    public function testItemsOfAllPagesComeInOrder(string $way, ?array $pages): void
    {
        $items = self::client()->paginate("list/$way", array_filter(['query' => ['kept' => 1], 'pages' => $pages]));
        self::assertInstanceOf(\Iterator::class, $items);
        $seen = iterator_to_array($items);
        self::assertSame(range(0, 6), array_column($seen, 'n'));
        self::assertSame(range(0, 6), array_keys($seen));
        self::assertSame([false, null], [$items->valid(), $items->current()]);
    }

    public function testNextPageIsFetchedWhileTheItemsAreHandedOut(): void
    {
        $pages = self::client()->paginate('list/slow', ['pages' => ['by' => 'cursor']]);
        $waited = 0.0;
        for ($pages->rewind(); $pages->valid(); $waited += (hrtime(true) - $start) / 1e6) {
            usleep(40_000);
            $start = hrtime(true);
            $pages->next();
        }
        // Two more pages of 50 ms each came while 3 items of 40 ms each were looked at.
        self::assertLessThan(50, $waited);
    }

    public function testBreakingOffNeedsNoMorePages(): void
    {
        foreach (self::client()->paginate('list/link') as $item) {
            self::assertSame(0, $item['n']);
            break;
        }
    }

    public function testListThatCannotBeWalkedIsAnError(): void
    {
        $client = self::client();
        $circle = $this->assertThrows(CallException::class, static fn () => iterator_to_array($client->paginate('list/circle', ['pages' => ['by' => 'cursor']])));
        self::assertStringContainsString('back to a page that was there already', $circle->getMessage());
        self::assertSame(['yes', 200], [$circle->sent, $circle->status]);
        $endless = $this->assertThrows(LimitException::class, static fn () => iterator_to_array($client->paginate('list/page', ['pages' => ['by' => 'page', 'max_pages' => 2]])));
        self::assertStringContainsString('more than 2 pages', $endless->getMessage());
        $noList = $this->assertThrows(CallException::class, static fn () => iterator_to_array($client->paginate('list/page', ['pages' => ['by' => 'page', 'items' => '/data']])));
        self::assertStringContainsString("no list at '/data'", $noList->getMessage());
        $this->assertThrows(StatusException::class, static fn () => iterator_to_array($client->paginate('nothing')));
        $this->assertThrows(\JsonException::class, static fn () => iterator_to_array($client->paginate('bytes?n=3')));
    }

    public function testContentIsSentForEachPageWhereverItComesFrom(): void
    {
        $client = self::client();
        $stream = fopen('php://memory', 'w+b');
        self::assertNotFalse($stream);
        fwrite($stream, '{"q":1}');
        rewind($stream);
        $generator = (static fn (): \Generator => yield from ['{"q":', '1}'])();
        foreach ([['json' => ['q' => 1]], ['body' => $stream], ['body' => $generator]] as $content) {
            $seen = iterator_to_array($client->paginate('list/search', $content + ['pages' => ['by' => 'cursor']]));
            self::assertSame([range(0, 6), ['{"q":1}']], [array_column($seen, 'n'), array_unique(array_column($seen, 'sent'))]);
        }
    }

    public function testOptionsAreRefusedByName(): void
    {
        $client = self::client();
        foreach (['pages.by' => ['pages' => ['by' => 'x']], 'pages' => ['pages' => 'x'], 'sink' => ['sink' => 'x'], 'stream' => ['stream' => true], 'qery' => ['qery' => []]] as $field => $options) {
            self::assertSame($field, $this->assertThrows(OptionsException::class, static fn () => $client->paginate('x', $options))->field);
        }
    }
}
