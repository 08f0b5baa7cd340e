<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

/** Times as files of cases write them. */
final class Time
{
    /** Unix milliseconds of a number of seconds, or of a date. */
    public static function unixMs(int|float|string $time): int
    {
        if (is_string($time) && !is_numeric($time)) {
            return (new \DateTimeImmutable($time))->getTimestamp() * 1000;
        }

        return (int) round((float) $time * 1000);
    }
}
