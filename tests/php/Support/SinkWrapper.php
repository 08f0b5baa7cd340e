<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/** A PHP stream wrapper that counts what is written, and does what a test wants at each write. */
final class SinkWrapper
{
    /** @var (\Closure(): mixed)|null */
    public static ?\Closure $onWrite = null;

    public static int $written = 0;

    /** @var resource|null */
    public $context;

    public function stream_open(string $path, string $mode): bool
    {
        self::$written = 0;

        return $mode === 'wb';
    }

    public function stream_write(string $bytes): int
    {
        if (self::$onWrite !== null) {
            (self::$onWrite)();
        }
        self::$written += strlen($bytes);

        return strlen($bytes);
    }

    public function unlink(string $path): bool
    {
        return true;
    }
}
