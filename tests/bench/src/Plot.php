<?php

declare(strict_types=1);

namespace Causeway\Bench;

/**
 * One row as horizontal bars, inline SVG: the medians, with the quartiles of the rounds as whiskers
 * and each budget as a line that our bar must not cross (must reach, where more is better).
 */
final class Plot
{
    private const WIDTH = 640;
    private const LEFT = 170;
    private const RIGHT = 92;
    private const BAR = 20;
    private const STEP = 32;
    private const TOP = 8;
    /** The widest digit of a tick, and the least room between two ticks. */
    private const DIGIT = 7.0;
    private const GAP = 8.0;

    public static function svg(Result $result): string
    {
        $medians = $result->medians();
        asort($medians);
        $limits = array_filter(array_column($result->verdicts(), 'limit'), static fn (?float $limit): bool => $limit !== null);
        $scale = max(1e-12, ...array_values($medians), ...array_values($limits)) * 1.02;
        $height = self::TOP + self::STEP * \count($medians) + ($limits === [] ? 0 : 18);
        $id = $result->row->id();
        $svg = '<svg viewBox="0 0 ' . self::WIDTH . " $height\" role=\"img\" aria-labelledby=\"t-$id d-$id\">"
            . "<title id=\"t-$id\">" . self::escape($id) . "</title><desc id=\"d-$id\">" . self::escape(self::description($result, $medians)) . '</desc>';
        [$top, $values] = [self::TOP, ''];
        foreach ($medians as $name => $median) {
            [$bar, $value] = self::bar($name, $median, $result->rounds()[$name], $scale, $top);
            [$svg, $values, $top] = [$svg . $bar, $values . $value, $top + self::STEP];
        }
        foreach ($limits as $limit) {
            $svg .= \sprintf('<line class="limit" x1="%1$.1f" x2="%1$.1f" y1="2" y2="%2$d"/>', self::x($limit, $scale), $top);
        }
        foreach (self::ticks($limits, $scale) as [$x, $text]) {
            $svg .= \sprintf('<text class="tick" text-anchor="middle" x="%.1f" y="%d">%s</text>', $x, $top + 13, $text);
        }

        // Figures stand above the lines, which they would not be read through.
        return "$svg$values</svg>";
    }

    public static function escape(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5);
    }

    /**
     * @param non-empty-list<float> $rounds
     *
     * @return array{string, string} The bar, and its figure.
     */
    private static function bar(string $name, float $median, array $rounds, float $scale, int $top): array
    {
        $class = $name === Row::OURS ? 'ours' : 'peer';
        $middle = $top + self::BAR / 2;
        [$low, $high] = [self::x(Figures::quantile($rounds, 0.25), $scale), self::x(min($scale, Figures::quantile($rounds, 0.75)), $scale)];
        $name = self::escape($name);

        $bar = \sprintf('<text class="name %s" text-anchor="end" x="%d" y="%.1f">%s</text>', $class, self::LEFT - 8, $middle + 4, $name)
            . \sprintf('<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>', $class, self::LEFT, $top, max(1.0, self::x($median, $scale) - self::LEFT), self::BAR)
            . \sprintf('<path class="whisker" d="M%1$.1f %2$.1fH%3$.1fM%1$.1f %4$.1fv8M%3$.1f %4$.1fv8"/>', $low, $middle, $high, $middle - 4);
        $value = \sprintf('<text class="value" x="%.1f" y="%.1f">%s</text>', max($high, self::x($median, $scale)) + 6, $middle + 4, Figures::short($median));

        return [$bar, $value];
    }

    /**
     * The budgets' figures below their lines; those too close to stand side by side share a text.
     *
     * @param array<float> $limits
     *
     * @return list<array{float, string}>
     */
    private static function ticks(array $limits, float $scale): array
    {
        sort($limits);
        $ticks = [];
        foreach ($limits as $limit) {
            [$from, $to, $text] = [self::x($limit, $scale), self::x($limit, $scale), Figures::short($limit)];
            while ($ticks !== [] && $from - self::half($text) < self::GAP + end($ticks)[1] + self::half(end($ticks)[2])) {
                [$from, , $before] = array_pop($ticks);
                $text = $before === $text ? $text : "$before · $text";
            }
            $ticks[] = [$from, $to, $text];
        }

        return array_map(static fn (array $tick): array => [
            min(($tick[0] + $tick[1]) / 2, self::WIDTH - self::half($tick[2])),
            $tick[2],
        ], $ticks);
    }

    /** Half a tick's width. */
    private static function half(string $text): float
    {
        return mb_strlen($text) * self::DIGIT / 2;
    }

    private static function x(float $value, float $scale): float
    {
        return self::LEFT + $value / $scale * (self::WIDTH - self::LEFT - self::RIGHT);
    }

    /** @param array<string, float> $medians */
    private static function description(Result $result, array $medians): string
    {
        $parts = array_map(static fn (string $name, float $median): string => "$name " . Figures::short($median), array_keys($medians), $medians);

        return "Medians in {$result->row->unit()}: " . implode(', ', $parts) . '.';
    }
}
