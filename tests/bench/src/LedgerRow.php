<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** Claim and complete on SQLite, each on disk before it returns. */
final class LedgerRow extends LoopRow
{
    public function id(): string
    {
        return 'ledger-sqlite';
    }

    public function what(): string
    {
        return 'events claimed and completed in a second by one process on SQLite (WAL, synchronous=FULL: two commits each), payload of 1 KB; '
            . 'against an insert and an update by hand with PDO; PHP ' . PHP_VERSION . ' CLI with opcache; PDO has ' . $this->versions();
    }

    public function unit(): string
    {
        return '/s';
    }

    public function budgets(): array
    {
        return [];
    }

    protected function times(): int
    {
        return 150;
    }

    protected function subjects(Bench $bench): array
    {
        $arguments = ['payload' => str_repeat('{"id":1}', 128)];

        return [
            Row::OURS => new Subject($bench, Row::OURS, 'ledger/causeway', $arguments + ['file' => $bench->scratch->path('ledger.sqlite')], [], $bench->ini('ledger')),
            'PDO' => new Subject($bench, 'PDO', 'ledger/pdo', $arguments + ['file' => $bench->scratch->path('ledger-pdo.sqlite')], [], []),
        ];
    }
}
