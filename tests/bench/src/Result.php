<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** A row's figures, or why there are none. */
final class Result
{
    /** @var array<string, non-empty-list<float>> */
    private array $rounds = [];

    public string $what = '';

    /** Why it has no figures, where it has none. */
    public ?string $skipped = null;

    public ?string $broken = null;

    public function __construct(public readonly Row $row)
    {
    }

    /** @param array<string, float> $figures */
    public function add(array $figures): void
    {
        foreach ($figures as $name => $value) {
            $this->rounds[$name][] = $value;
        }
    }

    /** @return array<string, non-empty-list<float>> */
    public function rounds(): array
    {
        return $this->rounds;
    }

    /** @return array<string, float> */
    public function medians(): array
    {
        return array_map(Figures::median(...), $this->rounds);
    }

    /** @return list<array{text: string, value: ?float, shown: string, kept: ?bool, limit: ?float}> */
    public function verdicts(): array
    {
        return array_map(fn (Budget $budget): array => $budget->judge($this->medians()), $this->row->budgets());
    }

    /** Whether it broke or missed a budget. */
    public function isMissed(): bool
    {
        return $this->broken !== null || ($this->skipped === null && \in_array(false, array_column($this->verdicts(), 'kept'), true));
    }
}
