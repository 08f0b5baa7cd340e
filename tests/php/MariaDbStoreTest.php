<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Tests\Support\DatabaseServer;
use PHPUnit\Framework\Attributes\CoversNothing;
use Shop\PdoStore;

#[CoversNothing]
final class MariaDbStoreTest extends PdoStoreTestCase
{
    protected function setUp(): void
    {
        $missing = DatabaseServer::missing('mysql');
        $missing === null || self::markTestSkipped($missing);
    }

    protected function makeStore(): PdoStore
    {
        return PdoStore::connect(...DatabaseServer::get('mysql')->newDatabase('mysql'));
    }
}
