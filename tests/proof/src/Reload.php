<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Upstream;

/** php-fpm reloads (USR2) and recycles its workers under load. */
final class Reload implements Proof
{
    private const WORKERS = 4;
    private const CONNECTIONS = 4;

    public function name(): string
    {
        return 'reload';
    }

    public function shows(): string
    {
        return 'php-fpm reloads and recycles workers under load with no more failed pages than without the extension';
    }

    public function run(Stage $stage): void
    {
        $upstream = new Upstream($stage->scratch, false);
        $parameters = ['PROOF_BASE_URI' => $upstream->baseUri, 'PROOF_PATH' => '2k.json'];
        $run = function (string $page, array $pool, bool $reloads) use ($stage, $parameters): array {
            $site = new Site($stage, $page, self::WORKERS, $parameters, $page === 'causeway' ? $stage->ini() : [], $pool, ['process_control_timeout' => '30s']);
            $seconds = $stage->scaled(10, 1);
            $before = $site->fpm->pids();
            $end = $site->load(self::CONNECTIONS, $seconds);
            for ($reload = 0; $reloads && $reload < $stage->scaled(4, 1); $reload++) {
                usleep($stage->scaled(2_000_000, 300_000));
                $site->fpm->program->signal(SIGUSR2);
            }
            $result = $end();
            $kept = \count(array_intersect($before, $site->fpm->pids()));
            $site->stop();

            return [$result->failed, $result->requests, $kept];
        };
        $kinds = ['reload (USR2)' => [[], true], 'recycling (pm.max_requests = 20)' => [['pm.max_requests' => 20], false]];
        foreach ($kinds as $what => [$pool, $reloads]) {
            [$control, $controlPages] = $run('ext-curl', $pool, $reloads);
            [$failed, $pages, $kept] = $run('causeway', $pool, $reloads);
            $stage->note("$what: pages of the control run, without the extension", $controlPages);
            $stage->note("$what: failed pages of the control run", $control);
            $stage->exactly("$what: workers of the beginning that are still there", 0, $kept);
            $stage->atLeast("$what: pages with the extension", 100, $pages);
            $stage->atMost("$what: failed pages with the extension", $control, $failed);
        }
    }
}
