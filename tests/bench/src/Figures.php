<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** Arithmetic over the rounds, and how figures are written. */
final class Figures
{
    /** @param non-empty-list<float> $values */
    public static function median(array $values): float
    {
        return self::quantile($values, 0.5);
    }

    /**
     * Between neighbours, by proportion.
     *
     * @param non-empty-list<float> $values
     */
    public static function quantile(array $values, float $share): float
    {
        sort($values);
        $at = $share * (\count($values) - 1);
        $below = (int) floor($at);
        $above = min($below + 1, \count($values) - 1);

        return $values[$below] + ($at - $below) * ($values[$above] - $values[$below]);
    }

    /** Three or four digits that count, without an exponent. */
    public static function short(float $value): string
    {
        $size = abs($value);

        return match (true) {
            $size >= 10_000 => number_format($value, 0, '.', ','),
            $size >= 100 => number_format($value, 0, '.', ''),
            $size >= 10 => number_format($value, 1, '.', ''),
            default => number_format($value, 2, '.', ''),
        };
    }
}
