<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** A row whose subjects are PHP processes that repeat a piece of work; the figure is the time of one. */
abstract class LoopRow implements Row
{
    /** A round goes around so often, so that what disturbs the machine for a moment meets all subjects. */
    private const SLICES = 5;

    private const NANOSECONDS = ['ns' => 1.0, 'µs' => 1e3, 'ms' => 1e6, '/s' => 1e9];

    /** @var array<string, Subject> */
    protected array $subjects = [];

    /** How often each subject repeats the work in a round. */
    abstract protected function times(): int;

    /** @return array<string, Subject> Ours among them, by name. */
    abstract protected function subjects(Bench $bench): array;

    public function missing(): ?string
    {
        return null;
    }

    public function prepare(Bench $bench): void
    {
        $this->subjects = $this->subjects($bench);
    }

    public function round(int $number): array
    {
        $taken = array_fill_keys(array_keys($this->subjects), 0.0);
        $slices = $this->times() % self::SLICES === 0 && $this->times() >= 100 * self::SLICES ? self::SLICES : 1;
        for ($slice = 0; $slice < $slices; $slice++) {
            foreach (self::rotated(array_keys($this->subjects), $number + $slice) as $name) {
                $taken[$name] += $this->subjects[$name]->run(intdiv($this->times(), $slices));
            }
        }
        $figures = [];
        $unit = self::NANOSECONDS[$this->unit()];
        foreach ($taken as $name => $nanoseconds) {
            $figures[$name] = $this->unit() === '/s' ? $this->times() * $unit / $nanoseconds : $nanoseconds / $this->times() / $unit;
        }

        return $figures;
    }

    public function finish(): void
    {
        foreach ($this->subjects as $subject) {
            $subject->stop();
        }
        $this->subjects = [];
    }

    /** The versions of all subjects, for what(). */
    protected function versions(): string
    {
        return implode(', ', array_filter(array_unique(array_map(static fn (Subject $subject): string => $subject->version, array_values($this->subjects)))));
    }

    /**
     * Another one begins in each round.
     *
     * @param list<string> $names
     *
     * @return list<string>
     */
    public static function rotated(array $names, int $number): array
    {
        $first = $number % max(1, \count($names));

        return [...\array_slice($names, $first), ...\array_slice($names, 0, $first)];
    }
}
