<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Machine;

/** Verification of a signed webhook, against what a PHP program writes by hand; on this PHP, or on 8.4 in the trixie. */
final class VerifyRow extends LoopRow
{
    /** @param list<Budget> $budgets */
    public function __construct(private readonly string $id, private readonly string $size, private readonly int $bytes, private readonly int $times, private readonly array $budgets, private readonly bool $isOn84 = false)
    {
    }

    public function missing(): ?string
    {
        return $this->isOn84 ? Trixie::missing() : null;
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
        $ini = $bench->ini($this->id);
        [$before, $php] = [Machine::pinned(), null];
        if ($this->isOn84) {
            $ini['extension'] = $bench->extension84 ?? throw new Broken('there is no extension for PHP 8.4 (tools/build --trixie)');
            [$before, $php] = [[...$before, ...Trixie::enter($bench)], 'php'];
        }
        $make = fn (string $name, string $case, array $ini): Subject => new Subject($bench, $name, "verify/$case", ['bytes' => $this->bytes], $before, $ini, $php);

        return [Row::OURS => $make(Row::OURS, 'causeway', $ini), 'PHP' => $make('PHP', 'php', [])];
    }
}
