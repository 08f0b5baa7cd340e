<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

use Causeway\Testing\Clock;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\Before;

/** Time stands at NOW_MS in each test, until the test moves it. */
trait FrozenClock
{
    protected const NOW_MS = 1_700_000_000_000;

    #[Before]
    protected function freezeClock(): void
    {
        Clock::freeze(self::NOW_MS);
    }

    #[After]
    protected function thawClock(): void
    {
        Clock::thaw();
    }
}
