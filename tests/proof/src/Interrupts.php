<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Program;
use Causeway\Rig\Vendor;
use Causeway\Store\SqliteStore;
use Causeway\Switches;

/** Signals and the switch act while a call waits. */
final class Interrupts implements Proof
{
    private const BOUND_MS = 250.0;
    private const WAITS = ['answer', 'backoff', 'throttle', 'all', 'start'];
    private const WAITS_OF_SHORT_FORM = ['answer', 'start'];
    private const OPTIONS = [
        'timeouts' => ['connect_ms' => 1000, 'attempt_ms' => 30_000, 'total_ms' => 60_000],
        'retry' => ['max_attempts' => 4, 'base_delay_ms' => 20_000, 'max_delay_ms' => 60_000, 'budget' => false],
        'breaker' => false,
    ];

    public function name(): string
    {
        return 'interrupts';
    }

    public function shows(): string
    {
        return 'a signal and a pause each act within 250 ms while a call waits long';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $path = $stage->scratch->path('store.sqlite');
        $switches = new Switches(new SqliteStore($path));
        foreach ($stage->isShort ? self::WAITS_OF_SHORT_FORM : self::WAITS as $kind) {
            // A wait that was ended keeps its place in the line: each round waits longer.
            $options = self::OPTIONS + ($kind === 'throttle' ? ['throttle' => ['permits' => 1, 'per_ms' => 2000, 'burst' => 1, 'max_wait_ms' => 50_000]] : []);
            $worker = $stage->worker('waits', ['base_uri' => $vendor->baseUri, 'store' => $path, 'options' => $options, 'name' => $kind]);
            Stage::answer($worker);
            $this->measure($stage, "a signal during: $kind", $worker, $kind, static function (Program $worker): void {
                $worker->signal(SIGUSR1);
            }, ['Signalled', 'InterruptedException']);
            $this->measure($stage, "a pause during: $kind", $worker, $kind, static function () use ($switches, $kind): void {
                $switches->pause($kind, 'proof');
            }, ['PausedException'], static function () use ($switches, $kind): void {
                $switches->resume($kind);
                // Seen within a second.
                usleep(1_050_000);
            });
            $worker->stop();
        }
    }

    /** @param list<string> $expected Exceptions that say what ended the wait. */
    private function measure(Stage $stage, string $what, Program $worker, string $kind, \Closure $act, array $expected, ?\Closure $undo = null): void
    {
        $times = [];
        $others = 0;
        for ($round = 0; $round < $stage->scaled(8, 1); $round++) {
            $worker->send($kind);
            usleep(400_000 + 17_000 * $round);
            $at = hrtime(true);
            $act($worker);
            $end = Stage::answer($worker);
            $others += \in_array($end['how'], $expected, true) ? 0 : 1;
            $times[] = ($end['ended_ns'] - $at) / 1e6;
            if ($undo !== null) {
                $undo();
            }
        }
        $stage->exactly("$what: ended by something else", 0, $others);
        $stage->atMost("$what, worst", self::BOUND_MS, max($times), ' ms');
    }
}
