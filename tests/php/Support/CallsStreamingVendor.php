<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

use Causeway\Client;
use PHPUnit\Framework\Attributes\AfterClass;
use PHPUnit\Framework\Attributes\BeforeClass;

/** A streaming vendor for the class, and clients of it. */
trait CallsStreamingVendor
{
    private static StreamingVendor $vendor;

    #[BeforeClass]
    public static function startVendor(): void
    {
        self::$vendor = new StreamingVendor();
    }

    #[AfterClass]
    public static function stopVendor(): void
    {
        self::$vendor->stop();
    }

    /** @param array<string, mixed> $options */
    private static function client(array $options = []): Client
    {
        return new Client('media', $options + [
            // Breaker and budget are shared by the whole host: each client has its own.
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => self::$vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 2, 'base_delay_ms' => 1, 'max_delay_ms' => 1],
            'timeouts' => ['attempt_ms' => 5000, 'total_ms' => 20_000],
        ]);
    }
}
