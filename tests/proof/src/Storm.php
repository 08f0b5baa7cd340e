<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Metrics;
use Causeway\Rig\Machine;
use Causeway\Rig\Vendor;

/** A vendor that answers 503 only, and many workers that call it without rest. */
final class Storm implements Proof
{
    private const WORKERS = 8;
    private const PROBES = 3;
    private const OPEN_MS = 1000;
    private const BOUND = 1.2;
    private const ANSWER_AFTER_MS = 30;

    public function name(): string
    {
        return 'storm';
    }

    public function shows(): string
    {
        return 'a storm of 503 costs the vendor little: few retries, one opening for all workers, exactly its probes';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $options = [
            'retry' => ['max_attempts' => 4, 'base_delay_ms' => 20, 'max_delay_ms' => 200],
            'breaker' => ['failure_rate' => 0.5, 'min_calls' => 20, 'window_s' => 30, 'open_ms' => self::OPEN_MS, 'probes' => self::PROBES],
        ];
        $workers = [];
        for ($number = 0; $number < self::WORKERS; $number++) {
            $workers[] = $worker = $stage->worker('calls', ['base_uri' => $vendor->baseUri, 'options' => $options, 'pause_us' => 4000]);
            Stage::answer($worker);
        }
        // Nothing was called before: the window holds the storm alone.
        // It takes its time, so that no probe's verdict is there before all were let through.
        $vendor->setDown(self::ANSWER_AFTER_MS);
        $until = hrtime(true) + $stage->scaled(10, 3) * 1_000_000_000;
        foreach ($workers as $worker) {
            $worker->send((string) $until);
        }
        $opened = $this->awaitOpening();
        $calls = [];
        foreach ($workers as $worker) {
            array_push($calls, ...Stage::answer($worker)['calls']);
        }
        $this->judge($stage, $calls, $opened, $vendor->log(), $until);
    }

    /** When the breaker opened, to a millisecond. */
    private function awaitOpening(): int
    {
        Machine::await(static fn (): bool => Metrics::connection('storm')['breaker_opened'] > 0, 'the breaker does not open');

        return hrtime(true);
    }

    /**
     * @param list<array{int, int, int, string}> $calls
     * @param list<array{arrived_ns: int, answered_ns: ?int, method: string, path: string, status: ?int}> $log
     */
    private function judge(Stage $stage, array $calls, int $opened, array $log, int $until): void
    {
        $before = array_filter($calls, static fn (array $call): bool => $call[2] > 0 && $call[0] < $opened);
        $after = array_filter($calls, static fn (array $call): bool => $call[2] > 0 && $call[0] >= $opened);
        $ratio = static fn (array $some): float => array_sum(array_column($some, 2)) / max(1, \count($some));
        $metrics = Metrics::connection('storm');
        $stage->note('calls, of them refused while open', \count($calls) . ', ' . \count(array_filter($calls, static fn (array $call): bool => $call[3] === 'BreakerOpenException')));
        $stage->exactly('attempts by the calls, and requests that the vendor saw', \count($log), (int) array_sum(array_column($calls, 2)));
        $stage->note('calls that entered before it opened', \count($before));
        $stage->atMost('attempts for each, before it opened', self::BOUND, $ratio($before));
        $stage->note('calls that entered after it opened (probes)', \count($after));
        $stage->atMost('attempts for each, after it opened', self::BOUND, $ratio($after));
        [$phases, $isCut] = $this->phases($log, $opened, $until);
        // Each half-open phase fails and opens it again, with no healthy time between.
        $stage->exactly('openings: the first, and one after each half-open phase that failed', 1 + \count($phases), $metrics['breaker_opened'] - ($isCut && $metrics['breaker_state'] === 'open' ? 1 : 0));
        $stage->note('half-open phases', \count($phases));
        $stage->atLeast('half-open phases', 1, \count($phases));
        $stage->exactly('probes in each half-open phase', implode(' ', array_fill(0, \count($phases), self::PROBES)), implode(' ', $phases));
    }

    /**
     * Requests after the opening, grouped by the times between them.
     *
     * @param list<array{arrived_ns: int, answered_ns: ?int, method: string, path: string, status: ?int}> $log
     *
     * @return array{list<int>, bool} How many each group has; whether one more was cut by the end.
     */
    private function phases(array $log, int $opened, int $until): array
    {
        $phases = [];
        $last = null;
        foreach ($log as $request) {
            // What was under way when it opened still arrives.
            if ($request['arrived_ns'] < $opened + self::OPEN_MS * 500_000) {
                continue;
            }
            $isNew = $last === null || $request['arrived_ns'] - $last > self::OPEN_MS * 500_000;
            if ($isNew && $request['arrived_ns'] > $until - self::OPEN_MS * 500_000) {
                return [$phases, true];
            }
            if ($isNew) {
                $phases[] = 0;
            }
            $phases[array_key_last($phases)]++;
            $last = $request['arrived_ns'];
        }

        return [$phases, false];
    }
}
