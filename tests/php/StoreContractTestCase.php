<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Store;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\TestCase;

/**
 * What every store promises, whoever wrote it: an application can extend this for its own.
 *
 * The same list as the one that the extension's stores pass in Rust.
 */
abstract class StoreContractTestCase extends TestCase
{
    use TemporaryFiles;

    private const THEN_MS = 1_600_000_000_000;

    /** An empty store. */
    abstract protected function makeStore(): Store;

    public function testInsertsOnceAndReadsBack(): void
    {
        $store = $this->makeStore();
        $record = self::record('a', ['lease_until_ms' => 3, 'token' => 4, 'attempts' => 5, 'detail' => '{"a":"é"}', 'payload' => "\0\xff bytes"]);

        self::assertTrue($store->insert('inbox', $record));
        self::assertFalse($store->insert('inbox', self::record('a', ['state' => 'done', 'payload' => 'other'])));
        self::assertSame(self::sorted($record), self::sorted($store->read('inbox', $record['key']) ?? []));
        self::assertNull($store->read('outbox', $record['key']));
    }

    public function testRecordWithoutPayloadHasNone(): void
    {
        $store = $this->makeStore();
        $store->insert('inbox', self::record('a'));

        self::assertNull($store->read('inbox', self::key('a'))['payload'] ?? null);
    }

    public function testReplacesOnlyTheVersionItNames(): void
    {
        $store = $this->makeStore();
        $store->insert('snapshot', self::record('a', ['payload' => 'one']));
        $next = self::record('a', ['state' => 'done', 'scope' => 'elsewhere', 'label' => 'other', 'created_at_ms' => 1]);

        self::assertFalse($store->replace('snapshot', $next, 2));
        self::assertTrue($store->replace('snapshot', $next, 1));
        self::assertFalse($store->replace('snapshot', $next, 1));
        $read = $store->read('snapshot', self::key('a'));
        self::assertSame([2, 'done'], [$read['version'], $read['state']]);
        self::assertSame(['scope', 'a', self::THEN_MS, 'one'], [$read['scope'], $read['label'], $read['created_at_ms'], $read['payload']]);
        self::assertTrue($store->replace('snapshot', ['payload' => ''] + $next, 2));
        self::assertSame('', $store->read('snapshot', self::key('a'))['payload']);
        self::assertFalse($store->replace('snapshot', self::record('absent'), 1));
    }

    public function testFindsWhatIsDueOldestFirst(): void
    {
        $store = $this->makeStore();
        $nowMs = $store->nowMs();
        foreach (['late' => 60_000, 'now' => -1, 'old' => -5] as $name => $inMs) {
            $store->insert('inbox', self::record($name, ['due_at_ms' => $nowMs + $inMs, 'payload' => 'x']));
        }
        $store->insert('inbox', self::record('done', ['state' => 'done']));

        $find = static fn (array $states, ?string $scope = null, ?int $untilMs = null, int $limit = 9, bool $withPayload = false): array => $store->find('inbox', $states, $scope, $untilMs, $limit, $withPayload);
        self::assertSame(['old', 'now', 'late'], self::labels($find(['pending', 'claimed'])));
        self::assertSame(['old', 'now'], self::labels($find(['pending'], untilMs: $nowMs)));
        self::assertSame(['old'], self::labels($find(['pending'], 'scope', limit: 1)));
        self::assertSame([], $find(['pending'], 'other'));
        self::assertSame([], $find([]));
        self::assertNull($find(['pending'])[0]['payload'] ?? null);
        self::assertSame(['x', 'x', 'x'], array_column($find(['pending'], withPayload: true), 'payload'));
        self::assertNull($find(['done'], withPayload: true)[0]['payload'] ?? null);
    }

    public function testWalksOnBehindARecord(): void
    {
        $store = $this->makeStore();
        foreach (range(0, 6) as $number) {
            $store->insert('inbox', self::record((string) $number, [
                'due_at_ms' => self::THEN_MS + intdiv($number, 3),
                'state' => ['pending', 'dead'][$number % 2],
                'scope' => $number === 6 ? 'other' : 'scope',
            ]));
        }

        foreach ([['pending'], ['dead', 'pending']] as $states) {
            $all = $store->find('inbox', $states, 'scope', null, 99, false);
            $walked = [];
            $after = null;
            while ($chunk = $store->find('inbox', $states, 'scope', null, 2, false, $after)) {
                array_push($walked, ...$chunk);
                $after = array_intersect_key($chunk[count($chunk) - 1], ['due_at_ms' => 0, 'key' => 0]);
            }
            self::assertSame(self::labels($all), self::labels($walked));
        }
    }

    public function testCountsUpToABound(): void
    {
        $store = $this->makeStore();
        foreach (['a' => 'pending', 'b' => 'pending', 'c' => 'claimed'] as $name => $state) {
            $store->insert('inbox', self::record($name, ['state' => $state]));
        }

        self::assertSame(2, $store->countUpTo('inbox', ['pending'], null, 9));
        self::assertSame(3, $store->countUpTo('inbox', ['pending', 'claimed'], 'scope', 9));
        self::assertSame(2, $store->countUpTo('inbox', ['pending', 'claimed'], null, 2));
        self::assertSame(0, $store->countUpTo('inbox', ['pending'], 'other', 9));
        self::assertSame(0, $store->countUpTo('inbox', [], null, 9));
    }

    public function testCountsByScopeAndState(): void
    {
        $store = $this->makeStore();
        self::assertSame([], $store->counts('inbox'));
        $store->insert('inbox', self::record('1', ['scope' => 'b', 'state' => 'done', 'due_at_ms' => 5]));
        $store->insert('inbox', self::record('2', ['scope' => 'a', 'due_at_ms' => 7]));
        $store->insert('inbox', self::record('3', ['scope' => 'a', 'due_at_ms' => 6]));

        self::assertSame([
            ['scope' => 'a', 'state' => 'pending', 'count' => 2, 'oldest_due_at_ms' => 6],
            ['scope' => 'b', 'state' => 'done', 'count' => 1, 'oldest_due_at_ms' => 5],
        ], $store->counts('inbox'));
    }

    public function testDeletesAndPurges(): void
    {
        $store = $this->makeStore();
        foreach ([['1', 'done', 10], ['2', 'done', 11], ['3', 'done', 12], ['4', 'dead', 1], ['5', 'done', 9]] as [$name, $state, $dueAtMs]) {
            $store->insert('inbox', self::record($name, ['state' => $state, 'due_at_ms' => $dueAtMs, 'payload' => 'x']));
        }

        self::assertTrue($store->delete('inbox', self::key('5')));
        self::assertFalse($store->delete('inbox', self::key('5')));
        self::assertSame(1, $store->purge('inbox', ['done'], 12, 1));
        self::assertSame(1, $store->purge('inbox', ['done'], 12, 9));
        self::assertSame(0, $store->purge('inbox', ['done'], 12, 9));
        self::assertCount(2, $store->find('inbox', ['done', 'dead'], null, null, 9, false));
        // A payload that stayed behind would come back with a new record of the same key.
        $store->insert('inbox', self::record('5'));
        self::assertNull($store->read('inbox', self::key('5'))['payload'] ?? null);
    }

    public function testErasesPayloadsAndKeepsTheRows(): void
    {
        $store = $this->makeStore();
        $store->insert('inbox', self::record('1', ['payload' => 'x']));
        $store->insert('inbox', self::record('2'));
        $store->insert('inbox', self::record('3', ['payload' => 'x']));

        self::assertSame(1, $store->erase('inbox', [self::key('1'), self::key('2'), self::key('none')]));
        self::assertSame(0, $store->erase('inbox', [self::key('1')]));
        self::assertSame(0, $store->erase('inbox', []));
        self::assertSame([1, null], [$store->read('inbox', self::key('1'))['version'], $store->read('inbox', self::key('1'))['payload'] ?? null]);
        self::assertSame('x', $store->read('inbox', self::key('3'))['payload']);
    }

    public function testScopesAndStatesCompareByBytes(): void
    {
        $store = $this->makeStore();
        foreach (['evt', 'EVT', 'evt '] as $name) {
            self::assertTrue($store->insert('inbox', self::record($name, ['scope' => $name, 'state' => $name])));
        }

        self::assertSame(['evt'], self::labels($store->find('inbox', ['evt'], null, null, 9, false)));
        self::assertSame(['EVT'], self::labels($store->find('inbox', ['evt', 'EVT', 'evt '], 'EVT', null, 9, false)));
    }

    /**
     * @param array<string, mixed> $changes
     *
     * @return array<string, mixed>
     */
    protected static function record(string $name, array $changes = []): array
    {
        return $changes + [
            'key' => self::key($name),
            'scope' => 'scope',
            'label' => $name,
            'state' => 'pending',
            'version' => 1,
            'due_at_ms' => self::THEN_MS,
            'lease_until_ms' => 0,
            'token' => 0,
            'attempts' => 0,
            'checksum' => '',
            'created_at_ms' => self::THEN_MS,
            'updated_at_ms' => self::THEN_MS,
            'detail' => '{}',
            'payload' => null,
        ];
    }

    protected static function key(string $name): string
    {
        return hash('sha256', $name);
    }

    /**
     * @param list<array<string, mixed>> $records
     *
     * @return list<string>
     */
    private static function labels(array $records): array
    {
        return array_column($records, 'label');
    }

    /**
     * @param array<string, mixed> $record
     *
     * @return array<string, mixed>
     */
    private static function sorted(array $record): array
    {
        ksort($record);

        return $record;
    }
}
