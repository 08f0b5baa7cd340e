<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Certificates;
use Causeway\Rig\Machine;
use Causeway\Rig\Vendor;

/** start(): a call goes on while PHP computes. */
final class Background implements Proof
{
    private const BOUND_MS = 10.0;
    private const ANSWER_AFTER_MS = 150;

    public function name(): string
    {
        return 'background';
    }

    public function shows(): string
    {
        return 'start() over cold TLS with one retry, while PHP computes: wait() returns within 10 ms of the answer';
    }

    public function run(Stage $stage): void
    {
        $certificates = new Certificates($stage->scratch);
        $vendor = new Vendor($stage->scratch, $certificates);
        foreach (['asked for before the answer is there' => 20, 'asked for after the answer is there' => 700] as $what => $computeMs) {
            $late = $ready = [];
            for ($round = 0; $round < $stage->scaled(10, 2); $round++) {
                $vendor->forget();
                $worker = $stage->worker('background', [
                    'base_uri' => $vendor->baseUri, 'path' => 'once/503/' . self::ANSWER_AFTER_MS . "/$computeMs-$round", 'compute_ms' => $computeMs,
                    'options' => ['retry' => ['max_attempts' => 2, 'base_delay_ms' => 50, 'max_delay_ms' => 100], 'breaker' => false, 'tls' => ['ca_file' => $certificates->oneCa]],
                ]);
                $found = Stage::answer($worker);
                $stage->exactly("status and attempts, $what", '200 2', "{$found['status']} {$found['attempts']}");
                // The vendor notes an answer after it has sent it.
                Machine::await(static fn (): bool => isset($vendor->log()[1]['answered_ns']), 'the vendor notes no second answer');
                $arrived = (int) $vendor->log()[1]['answered_ns'];
                $late[] = ($found['returned_ns'] - max($arrived, $found['asked_ns'])) / 1e6;
                $ready[] = ($found['asked_ns'] - $arrived) / 1e6;
            }
            $stage->note("the answer was there before wait(), ms, least and most, $what", round(min($ready), 1) . ' ' . round(max($ready), 1));
            $stage->atMost("wait() beyond the answer's arrival, worst, $what", self::BOUND_MS, max($late), ' ms');
        }
    }
}
