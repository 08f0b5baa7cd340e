<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Certificates;
use Causeway\Rig\Vendor;

/** A throttle that several workers share, two of which come later. */
final class Throttle implements Proof
{
    private const PER_SECOND = 50;
    /** Pauses before each call, of the workers from the beginning and of those that join. */
    private const PAUSES_US = [0, 20_000];
    private const JOINING_PAUSES_US = [5_000, 60_000];
    /** What a cold worker's handshake takes: as long as five turns. */
    private const HELLO_MS = 100;

    public function name(): string
    {
        return 'throttle';
    }

    public function shows(): string
    {
        return '50 calls a second, burst 1, from 4 uneven workers, two of which join mid-run, cold over TLS as well: never more, hardly less';
    }

    public function run(Stage $stage): void
    {
        $this->measure($stage, 'plain', new Vendor($stage->scratch), []);
        $certificates = new Certificates($stage->scratch);
        $this->measure($stage, 'TLS', new Vendor($stage->scratch, $certificates, self::HELLO_MS), ['tls' => ['ca_file' => $certificates->oneCa]]);
    }

    /** @param array<string, mixed> $more Options. */
    private function measure(Stage $stage, string $way, Vendor $vendor, array $more): void
    {
        $seconds = $stage->scaled(10, 2);
        $options = $more + [
            // Throttle and counters go by the name: each way begins with a full one.
            'namespace' => $way,
            'timeouts' => ['connect_ms' => 5000, 'attempt_ms' => 5000, 'total_ms' => 60_000],
            'throttle' => ['permits' => self::PER_SECOND, 'per_ms' => 1000, 'burst' => 1],
        ];
        // Each worker ends its last call after the time that is looked at.
        $until = hrtime(true) + ($seconds + 1) * 1_000_000_000;
        $workers = [];
        $join = static function (int $pause) use ($stage, $vendor, $options, $until, &$workers): void {
            $workers[] = $worker = $stage->worker('calls', ['base_uri' => $vendor->baseUri, 'options' => $options, 'pause_us' => $pause]);
            Stage::answer($worker);
            $worker->send((string) $until);
        };
        array_map($join, self::PAUSES_US);
        usleep($seconds * 450_000);
        array_map($join, self::JOINING_PAUSES_US);
        $failed = [];
        foreach ($workers as $worker) {
            foreach (Stage::answer($worker)['calls'] as [, , , $outcome]) {
                $outcome === 'ok' || $failed[] = $outcome;
            }
        }
        $arrivals = array_column($vendor->log(), 'arrived_ns');
        $stage->exactly("calls that failed, $way", 0, \count($failed));
        // The short form runs beside the other tests: a process that had to wait for its core is late.
        $stage->atMost("calls in the fullest sliding second, $way", self::PER_SECOND + $stage->scaled(1, 5), self::fullest($arrivals));
        $first = $arrivals[0] ?? 0;
        $within = array_filter($arrivals, static fn (int $at): bool => $at < $first + $seconds * 1_000_000_000);
        $share = 100 * \count($within) / (self::PER_SECOND * $seconds);
        $stage->atLeast("share of what the rate allows over $seconds s, $way", $stage->scaled(98, 80), $share, ' %');
    }

    /** @param list<int> $arrivals In order. */
    private static function fullest(array $arrivals): int
    {
        $most = $first = 0;
        foreach ($arrivals as $place => $at) {
            while ($arrivals[$first] <= $at - 1_000_000_000) {
                $first++;
            }
            $most = max($most, $place - $first + 1);
        }

        return $most;
    }
}
