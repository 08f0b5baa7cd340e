<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;

/** Verification of a signed webhook, against what a PHP program writes by hand. */
final class VerifyRow extends LoopRow
{
    /** @param list<Budget> $budgets */
    public function __construct(private readonly string $id, private readonly string $size, private readonly int $bytes, private readonly int $times, private readonly array $budgets)
    {
    }

    public function id(): string
    {
        return $this->id;
    }

    public function what(): string
    {
        return "verify a Standard Webhooks delivery (HMAC-SHA256) of $this->size: headers, time window, signature; against hash_hmac() and hash_equals() "
            . 'with the same checks; pinned to core ' . Machine::core() . '; CLI with opcache; ' . $this->versions();
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return $this->budgets;
    }

    protected function times(): int
    {
        return $this->times;
    }

    protected function subjects(Bench $bench): array
    {
        $arguments = ['bytes' => $this->bytes];

        return [
            Row::OURS => new Subject($bench, Row::OURS, 'verify/causeway', $arguments, Machine::pinned(), $bench->ini($this->id)),
            'PHP' => new Subject($bench, 'PHP', 'verify/php', $arguments, Machine::pinned(), []),
        ];
    }
}
