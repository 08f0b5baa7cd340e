<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Machine;
use Causeway\Rig\Vendor;

/** The command line and php-fpm of one user share what they know of a vendor. */
final class Shared implements Proof
{
    public function name(): string
    {
        return 'shared';
    }

    public function shows(): string
    {
        return 'the command line and php-fpm of one user share counters and breaker; what a page started is finished after it';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        // Of this proof alone: it leaves an open breaker behind.
        $ini = ['causeway.segment_dir' => $stage->scratch->subdirectory('segment')] + $stage->ini();
        $pages = new Site($stage, 'causeway', 2, ['PROOF_BASE_URI' => $vendor->baseUri], $ini);
        $worker = $stage->worker('shared', ['base_uri' => 'http://127.0.0.1:1/', 'name' => 'vendor'], $ini);
        $ask = static function (string $line) use ($worker): array {
            $worker->send($line);

            return Stage::answer($worker);
        };

        $first = $ask('vendor');
        $stage->exactly('where the command line keeps what it shares', 'file', (string) $first['segment']);
        $pages->load(2, 1)();
        Machine::await(static fn (): bool => $ask('vendor')['calls'] === \count($vendor->log()), 'the command line counts other calls than the vendor');
        $stage->atLeast('calls of php-fpm that the command line counts, as the vendor does', 50, $ask('vendor')['calls']);

        $made = $ask('fail');
        $stage->exactly('the breaker, after failures of the command line', 'open', (string) $made['breaker_state']);
        $seen = \count($vendor->log());
        $stage->exactly('status of a page then', 500, $pages->status());
        $stage->exactly('calls of it that the vendor saw', 0, \count($vendor->log()) - $seen);
        $pages->stop();

        $vendor->forget();
        $starting = new Site($stage, 'started', 1, ['PROOF_BASE_URI' => $vendor->baseUri], $ini);
        Machine::await(static fn (): bool => $ask('started')['succeeded'] + $ask('started')['failed'] > 0, 'what the page started does not end');
        $stage->exactly('calls that the page started, did not wait for, and that got their answer', 1, $ask('started')['succeeded']);
        $starting->stop();
    }
}
