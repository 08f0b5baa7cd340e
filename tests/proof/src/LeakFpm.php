<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Machine;
use Causeway\Rig\Upstream;

/** The same for the workers of php-fpm, over pages. */
final class LeakFpm implements Proof
{
    private const WORKERS = 2;
    private const UNREST_KIB = 256;

    public function name(): string
    {
        return 'leak-fpm';
    }

    public function shows(): string
    {
        return '100,000 pages through php-fpm: the private memory, descriptors and threads of its workers do not grow';
    }

    public function run(Stage $stage): void
    {
        $upstream = new Upstream($stage->scratch, false);
        $site = new Site($stage, 'causeway', self::WORKERS, ['PROOF_BASE_URI' => $upstream->baseUri, 'PROOF_PATH' => '2k.json'], $stage->ini());
        $pages = $stage->scaled(100_000, 4_000);
        $failed = 0;
        $load = function (int $atLeast) use ($site, &$failed): int {
            for ($made = 0; $made < $atLeast;) {
                $result = $site->load(self::WORKERS, 1)();
                $failed += $result->failed;
                $made += max(1, $result->requests);
            }

            return $made;
        };
        $made = $load(intdiv($pages, 10));
        $warm = $this->held($site);
        $made += $load($pages - $made);
        $done = $this->held($site);
        $stage->exactly("failed pages of $made", 0, $failed);
        $stage->note('workers of the beginning that are still there', \count(array_intersect_key($warm, $done)));
        foreach ($warm as $pid => [$private, $descriptors, $threads]) {
            $stage->note('a worker: private KiB, descriptors, threads, warm and at the end', implode(' ', $warm[$pid]) . ', ' . implode(' ', $done[$pid] ?? []));
            $stage->atMost('growth of its private memory', self::UNREST_KIB, ($done[$pid][0] ?? PHP_INT_MAX) - $private, ' KiB');
            $stage->atMost('descriptors more', 0, ($done[$pid][1] ?? PHP_INT_MAX) - $descriptors);
            $stage->atMost('threads more', 0, ($done[$pid][2] ?? PHP_INT_MAX) - $threads);
        }
    }

    /** @return array<int, array{int, int, int}> By process. */
    private function held(Site $site): array
    {
        $held = [];
        foreach ($site->fpm->pids() as $pid) {
            // The least of some looks: the last page's connection may still be open.
            $descriptors = [];
            for ($look = 0; $look < 10; $look++) {
                usleep(20_000);
                $descriptors[] = Machine::descriptors($pid);
            }
            $held[$pid] = [Machine::privateKib($pid), min($descriptors), Machine::threads($pid)];
        }

        return $held;
    }
}
