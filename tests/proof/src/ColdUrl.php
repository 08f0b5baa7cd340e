<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Vendor;

/** Many workers ask for the same URL that nobody has. */
final class ColdUrl implements Proof
{
    public function name(): string
    {
        return 'cold-url';
    }

    public function shows(): string
    {
        return '100 processes that ask for a cold URL at once cost the vendor one call';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $children = $stage->scaled(100, 30);
        $options = ['coalesce' => true, 'timeouts' => ['connect_ms' => 5000, 'attempt_ms' => 20_000, 'total_ms' => 30_000]];
        for ($round = 0; $round < $stage->scaled(5, 1); $round++) {
            $vendor->forget();
            $worker = $stage->worker('cold', ['base_uri' => $vendor->baseUri, 'options' => $options, 'children' => $children, 'path' => "slow/400/$round"]);
            $found = Stage::answer($worker);
            $stage->exactly('processes that had the right answer', $children, $found['right']);
            $stage->note('of them late', $found['late']);
            $stage->exactly('calls that the vendor saw', 1, \count($vendor->log()));
        }
    }
}
