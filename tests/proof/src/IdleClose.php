<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Vendor;

/** A vendor that closes idle connections without a word. */
final class IdleClose implements Proof
{
    public function name(): string
    {
        return 'idle-close';
    }

    public function shows(): string
    {
        return 'a vendor that closes the connection after each answer costs no GET, and repeats no POST';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $calls = $stage->scaled(1000, 200);
        foreach (['GET', 'POST'] as $method) {
            $vendor->forget();
            $found = Stage::answer($stage->worker('closing', ['base_uri' => $vendor->baseUri, 'method' => $method, 'calls' => $calls, 'options' => ['breaker' => false]]));
            $arrivals = array_count_values(array_column($vendor->log(), 'path'));
            if ($method === 'GET') {
                $stage->exactly('GETs that were answered', $calls, $found['answered']);
            } else {
                // Nobody can know whether a closed socket had taken it: it is not sent again, and the caller is told.
                $stage->exactly('POSTs that were answered, or failed as perhaps sent', $calls, $found['answered'] + \count(array_diff($found['failed'], ['yes'])));
                $stage->note('of them failed', \count($found['failed']));
                $stage->exactly('POSTs that arrived more than once', 0, \count(array_filter($arrivals, static fn (int $times): bool => $times > 1)));
            }
            $stage->atLeast("{$method}s that arrived", $found['answered'], \count($arrivals));
        }
    }
}
