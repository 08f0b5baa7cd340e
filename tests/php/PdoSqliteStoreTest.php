<?php

declare(strict_types=1);

namespace Causeway\Tests;

use PHPUnit\Framework\Attributes\CoversNothing;
use Shop\PdoStore;

#[CoversNothing]
final class PdoSqliteStoreTest extends PdoStoreTestCase
{
    protected function makeStore(): PdoStore
    {
        return PdoStore::open($this->path('shop.sqlite'));
    }
}
