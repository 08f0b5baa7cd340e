<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\OptionsException;
use Causeway\Exception\StoreException;
use Causeway\Store;
use Causeway\Store\RedisStore;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\DatabaseServer;
use PHPUnit\Framework\Attributes\CoversClass;

#[CoversClass(RedisStore::class)]
final class RedisStoreTest extends StoreContractTestCase
{
    use AssertThrows;

    protected function setUp(): void
    {
        $missing = DatabaseServer::missing('redis');
        $missing === null || self::markTestSkipped($missing);
    }

    protected function makeStore(): Store
    {
        return new RedisStore(DatabaseServer::get('redis')->redisUrl(), ['prefix' => bin2hex(random_bytes(8))]);
    }

    public function testForeignEffectsAreRefused(): void
    {
        $thrown = $this->assertThrows(StoreException::class, fn () => $this->makeStore()->atomically(static fn () => null));
        self::assertSame('misuse', $thrown->reason);
    }

    public function testServerThatIsNotThereIsUnavailable(): void
    {
        $thrown = $this->assertThrows(StoreException::class, static fn () => new RedisStore('redis+unix:///nowhere/socket'));
        self::assertSame('unavailable', $thrown->reason);
    }

    public function testOptionsAreChecked(): void
    {
        $thrown = $this->assertThrows(OptionsException::class, static fn () => new RedisStore('redis://127.0.0.1', ['prefx' => 'a']));
        self::assertSame('prefx', $thrown->field);
    }
}
