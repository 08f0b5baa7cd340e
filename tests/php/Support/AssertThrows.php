<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/** For steps of which a test wants to look at the exception, or at what stands afterwards. */
trait AssertThrows
{
    /**
     * @template T of \Throwable
     *
     * @param class-string<T> $class
     *
     * @return T
     */
    private function assertThrows(string $class, callable $step): \Throwable
    {
        try {
            $step();
        } catch (\Throwable $thrown) {
            self::assertInstanceOf($class, $thrown);

            return $thrown;
        }
        self::fail("no $class was thrown");
    }
}
