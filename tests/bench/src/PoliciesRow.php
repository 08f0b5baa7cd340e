<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;

/** What the policies cost on the success path: a call with all of them, less one with none. */
final class PoliciesRow extends LoopRow
{
    private const BARE = 'bare';

    public function id(): string
    {
        return 'policies';
    }

    public function what(): string
    {
        return "what every policy together costs a call that succeeds, over a fake transport (Causeway\\Testing\\Fake, a body of 2 KB): the call with all of them, "
            . 'and a store behind the switch, less the bare call, round by round; pinned to core ' . Machine::core() . '; PHP ' . PHP_VERSION . ' CLI with opcache';
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return [Budget::atMost(3.0, 'µs')];
    }

    public function round(int $number): array
    {
        $whole = parent::round($number);

        return [Row::OURS => $whole[Row::OURS] - $whole[self::BARE]];
    }

    protected function times(): int
    {
        return 2000;
    }

    protected function subjects(Bench $bench): array
    {
        $ini = ['causeway.testing' => '1'] + $bench->ini('policies');
        $make = static fn (string $name, bool $isEvery): Subject => new Subject($bench, $name, 'policies/causeway', [
            'every_policy' => $isEvery, 'store' => $bench->scratch->path('policies.sqlite'),
        ], Machine::pinned(), $ini);

        return [Row::OURS => $make(Row::OURS, true), self::BARE => $make(self::BARE, false)];
    }
}
