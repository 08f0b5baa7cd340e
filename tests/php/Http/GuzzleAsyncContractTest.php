<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Drupal\causeway\Http\GuzzleHandler;
use PHPUnit\Framework\Attributes\CoversClass;

/** The same promises where the call runs in the background, as for requestAsync() and pools. */
#[CoversClass(GuzzleHandler::class)]
final class GuzzleAsyncContractTest extends GuzzleContractTest
{
    protected const OPTIONS = [];
}
