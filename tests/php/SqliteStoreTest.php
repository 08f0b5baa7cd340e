<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\StoreException;
use Causeway\Store;
use Causeway\Store\SqliteStore;
use PHPUnit\Framework\Attributes\CoversClass;

#[CoversClass(SqliteStore::class)]
final class SqliteStoreTest extends StoreContractTestCase
{
    protected function makeStore(): Store
    {
        return new SqliteStore($this->path('store.sqlite'));
    }

    public function testForeignEffectsAreRefused(): void
    {
        $this->assertStoreException('misuse', fn () => $this->makeStore()->atomically(static fn () => null));
    }

    public function testUnknownKindAndMalformedKeyAreMisuse(): void
    {
        $store = $this->makeStore();
        $this->assertStoreException('misuse', static fn () => $store->read('inboxes', self::key('a')));
        $this->assertStoreException('misuse', static fn () => $store->read('inbox', 'a'));
    }

    public function testFileThatIsNoDatabaseIsCorrupt(): void
    {
        $path = $this->path('store.sqlite');
        file_put_contents($path, str_repeat('no database ', 1000));
        $this->assertStoreException('corrupt', static fn () => new SqliteStore($path));
    }

    private function assertStoreException(string $reason, callable $step): void
    {
        try {
            $step();
            self::fail('nothing was thrown');
        } catch (StoreException $thrown) {
            self::assertSame($reason, $thrown->reason);
        }
    }
}
