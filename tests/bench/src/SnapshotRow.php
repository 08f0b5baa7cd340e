<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;
use Causeway\Rig\Upstream;

/** Reads of a fresh snapshot. */
final class SnapshotRow extends LoopRow
{
    private ?Upstream $upstream = null;

    public function id(): string
    {
        return 'snapshot-read';
    }

    public function what(): string
    {
        return 'read of a fresh snapshot of 2 KB from SQLite, decoded: the p50 of single reads; against one prepared select and json_decode() by hand; '
            . 'pinned to core ' . Machine::core() . '; PHP ' . PHP_VERSION . ' CLI with opcache; PDO has ' . $this->versions();
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return [];
    }

    public function finish(): void
    {
        parent::finish();
        $this->upstream?->stop();
        $this->upstream = null;
    }

    protected function times(): int
    {
        return 2000;
    }

    protected function subjects(Bench $bench): array
    {
        $this->upstream = new Upstream($bench->scratch, false);
        $arguments = ['base_uri' => $this->upstream->baseUri, 'file' => $bench->scratch->path('snapshot-pdo.sqlite'), 'store' => $bench->scratch->path('snapshot.sqlite')];

        return [
            Row::OURS => new Subject($bench, Row::OURS, 'snapshot/causeway', $arguments, Machine::pinned(), $bench->ini('snapshot')),
            'PDO' => new Subject($bench, 'PDO', 'snapshot/pdo', $arguments, Machine::pinned(), []),
        ];
    }
}
