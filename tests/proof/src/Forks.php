<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Vendor;

/** A client that was used, forked, and used on both sides. */
final class Forks implements Proof
{
    private const MODES = [
        'idle' => 'with no request in flight', 'foreground' => 'with a request in flight (forked in a signal handler)',
        'background' => 'with a request in flight (start())',
    ];

    public function name(): string
    {
        return 'forks';
    }

    public function shows(): string
    {
        return 'a client used in the parent goes on after pcntl_fork, in both, and exit() in the child harms neither';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $rounds = $stage->scaled(100, 5);
        foreach (self::MODES as $mode => $words) {
            $worker = $stage->worker('forks', ['base_uri' => $vendor->baseUri, 'mode' => $mode, 'rounds' => $rounds]);
            $found = Stage::answer($worker, 300.0);
            $stage->exactly("rounds in which the parent had all answers, $words", $rounds, $found['parent']);
            $stage->exactly("children that had theirs, and ended well, $words", $rounds, $found['child']);
            foreach ($found['problems'] as $problem => $times) {
                $stage->note("problem, $times times", $problem);
            }
            $stage->exactly("the worker's own end, $words", 0, $worker->wait(10.0));
        }
    }
}
