<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;

/** Verification of a request that is signed as RFC 9421 says. */
final class MessageRow extends LoopRow
{
    private const BYTES = 2048;

    public function id(): string
    {
        return 'rfc9421-ed25519';
    }

    public function what(): string
    {
        return 'verify a request of 2 KB signed as RFC 9421 says: Ed25519 over @method, @target-uri and content-digest, the digest (SHA-256) checked; '
            . 'against the same by hand with ext-sodium for this one shape; pinned to core ' . Machine::core() . '; PHP ' . PHP_VERSION . ' CLI with opcache';
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return [];
    }

    public function missing(): ?string
    {
        return \extension_loaded('sodium') ? null : 'PHP has no ext-sodium';
    }

    protected function times(): int
    {
        return 1000;
    }

    protected function subjects(Bench $bench): array
    {
        $arguments = ['bytes' => self::BYTES];

        return [
            Row::OURS => new Subject($bench, Row::OURS, 'message/causeway', $arguments, Machine::pinned(), $bench->ini('message')),
            'PHP with ext-sodium' => new Subject($bench, 'sodium', 'message/php', $arguments, Machine::pinned(), []),
        ];
    }
}
