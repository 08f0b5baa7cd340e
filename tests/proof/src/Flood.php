<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Inbox;
use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/** One source floods the inbox that all share: the others' events still start soon, in real time. */
final class Flood implements Proof
{
    private const BOUND_MS = 5000.0;
    private const WORKERS = 2;
    /** What an event's work takes beside its transaction. */
    private const WORK_US = 5000;
    private const QUIET = ['quiet-1', 'quiet-2', 'quiet-3'];

    public function name(): string
    {
        return 'flood';
    }

    public function shows(): string
    {
        return 'one source with thousands of events waiting, two workers: each event of three others starts within 5 s';
    }

    public function run(Stage $stage): void
    {
        require_once \dirname(__DIR__) . '/workers/flood_inboxes.php';
        $arguments = ['store' => $stage->scratch->path('store.sqlite'), 'namespace' => bin2hex(random_bytes(6)), 'sources' => ['flood', ...self::QUIET], 'started' => $stage->scratch->path('started'), 'work_us' => self::WORK_US];
        $inboxes = flood_inboxes($arguments);
        // Two workers need longer for them than this runs.
        $flood = $stage->scaled(20_000, 3_000);
        for ($event = 0; $event < $flood; $event++) {
            $inboxes['flood']->ledger()->record('flood', "f$event", '{}');
        }
        $workers = [];
        for ($number = 0; $number < self::WORKERS; $number++) {
            $workers[] = $worker = $stage->worker('flood', $arguments);
            Stage::answer($worker);
        }
        Machine::await(static fn (): bool => $inboxes['flood']->ledger()->counts('flood')['done'] > 0, 'no worker works');
        $recorded = $this->recordQuietly($inboxes, $stage->scaled(30, 3));
        $read = static fn (): array => is_file($arguments['started']) ? file($arguments['started'], FILE_IGNORE_NEW_LINES) ?: [] : [];
        $isAll = static fn (): bool => \count($read()) >= \count($recorded);
        Machine::await($isAll, 'not all events of the quiet sources were processed', 30.0);
        $counts = $inboxes['flood']->ledger()->counts('flood');
        array_map(static fn (Program $worker) => $worker->stop(), $workers);

        $waits = [];
        foreach ($read() as $line) {
            [$id, $startedNs] = explode(' ', $line);
            $waits[$id] = ((int) $startedNs - $recorded[$id]) / 1e6;
        }
        sort($waits);
        $stage->exactly('events of the quiet sources that started', \count($recorded), \count($waits));
        $stage->atMost('from its record to its start, the longest', self::BOUND_MS, (float) end($waits), ' ms');
        $stage->note('the median', $waits[intdiv(\count($waits), 2)] ?? 0.0, ' ms');
        $stage->atLeast('events of the flood that still wait, so that it was one', 1, $counts['pending']);
        $stage->atLeast('events of the flood that were done meanwhile', 1, $counts['done']);
    }

    /**
     * Events of the quiet sources, a few in each second.
     *
     * @param array<string, Inbox> $inboxes
     *
     * @return array<string, int> When each was on disk, by id.
     */
    private function recordQuietly(array $inboxes, int $seconds): array
    {
        $recorded = [];
        for ($event = 0; $event < $seconds * 5; $event++) {
            $source = self::QUIET[$event % \count(self::QUIET)];
            $inboxes[$source]->ledger()->record($source, "q$event", '{}');
            $recorded["q$event"] = hrtime(true);
            usleep(200_000);
        }

        return $recorded;
    }
}
