<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Vendor;

/** opcache.preload runs PHP before php-fpm forks its workers. */
final class Preload implements Proof
{
    public function name(): string
    {
        return 'preload';
    }

    public function shows(): string
    {
        return 'a client that opcache.preload used before php-fpm forked works in every worker';
    }

    public function run(Stage $stage): void
    {
        $vendor = new Vendor($stage->scratch);
        $marker = $stage->scratch->path('preloaded');
        putenv("PROOF_BASE_URI=$vendor->baseUri");
        putenv("PROOF_PRELOADED=$marker");
        $user = posix_getpwuid(posix_geteuid())['name'] ?? '';
        $ini = $stage->ini() + ['opcache.preload' => \dirname(__DIR__) . '/workers/preload.php', 'opcache.preload_user' => $user];
        $site = new Site($stage, 'causeway', 4, ['PROOF_BASE_URI' => $vendor->baseUri], $ini);
        $stage->exactly('status of the call while preloading', '200', (string) @file_get_contents($marker));
        $result = $site->load(8, $stage->scaled(3, 1))();
        $stage->atLeast('pages afterwards', 50, $result->requests);
        $stage->exactly('failed pages', 0, $result->failed);
        $site->stop();
    }
}
