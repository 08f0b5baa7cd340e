<?php

declare(strict_types=1);

namespace Causeway\Bench;

/**
 * One row of the benchmark: the same work done by Causeway and by its peers.
 *
 * A row is prepared, run for a round that does not count, run for the rounds that do, and finished.
 * Each round does the work once with every subject, so that what disturbs the machine meets all.
 */
interface Row
{
    /** The name of our own figure among a round's. */
    public const OURS = 'Causeway';

    public function id(): string;

    /** What is measured and how: pinning, CA file, versions. Asked for after prepare(). */
    public function what(): string;

    /** Lower is better, unless it ends in "/s". */
    public function unit(): string;

    /** @return list<Budget> */
    public function budgets(): array;

    /** Why it cannot run here, if so. */
    public function missing(): ?string;

    /** @throws \Causeway\Rig\Broken */
    public function prepare(Bench $bench): void;

    /** @return array<string, float> One figure for each subject. */
    public function round(int $number): array;

    /** Ends what it started. */
    public function finish(): void;
}
