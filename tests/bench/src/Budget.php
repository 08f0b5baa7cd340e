<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** What the design promises for a row, and whether the figures keep it. */
final class Budget
{
    /** @param \Closure(array<string, float>): ?float $measure NULL where a figure is missing. */
    private function __construct(
        public readonly string $text,
        private readonly \Closure $measure,
        private readonly float $bound,
        private readonly bool $isFloor,
        private readonly string $suffix,
        private readonly bool $isInverse = false,
    ) {
    }

    /** Our time is at most so many times the peer's. */
    public static function atMostTimes(float $bound, string $peer): self
    {
        return new self("at most $bound × $peer", self::ratio(Row::OURS, $peer), $bound, false, "× $peer");
    }

    /** The peer takes at least so many times as long as we. */
    public static function timesFaster(float $bound, string $peer): self
    {
        return new self("at least $bound × as fast as $peer", self::ratio($peer, Row::OURS), $bound, true, "× as fast as $peer", true);
    }

    /** We do at least so many times as much in a second as the peer. */
    public static function timesAsMany(float $bound, string $peer): self
    {
        return new self("at least $bound × $peer", self::ratio(Row::OURS, $peer), $bound, true, "× $peer");
    }

    /** Our figure itself is at most this. */
    public static function atMost(float $bound, string $unit): self
    {
        return new self("at most $bound $unit", static fn (array $medians): ?float => $medians[Row::OURS] ?? null, $bound, false, " $unit");
    }

    /**
     * @param array<string, float> $medians
     *
     * @return array{text: string, value: ?float, shown: string, kept: ?bool, limit: ?float}
     *   kept is NULL where it could not be judged; limit is what our figure may be, in the row's unit.
     */
    public function judge(array $medians): array
    {
        $value = ($this->measure)($medians);
        $kept = $value === null ? null : ($this->isFloor ? $value >= $this->bound : $value <= $this->bound);
        $shown = $value === null ? 'no figure' : Figures::short($value) . $this->suffix;

        $ours = $medians[Row::OURS] ?? null;
        $limit = $value === null || $value <= 0.0 || $ours === null ? null : $ours * ($this->isInverse ? $value / $this->bound : $this->bound / $value);

        return ['text' => $this->text, 'value' => $value, 'shown' => $shown, 'kept' => $kept, 'limit' => $limit];
    }

    /** @return \Closure(array<string, float>): ?float */
    private static function ratio(string $of, string $to): \Closure
    {
        return static fn (array $medians): ?float => isset($medians[$of], $medians[$to]) && $medians[$to] > 0.0 ? $medians[$of] / $medians[$to] : null;
    }
}
