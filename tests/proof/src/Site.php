<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Broken;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Nginx;
use Causeway\Rig\Wrk;

/** One page of pages/ behind nginx and a php-fpm. */
final class Site
{
    public readonly Fpm $fpm;
    private readonly Nginx $nginx;
    private readonly string $url;

    /**
     * @param array<string, string> $parameters For the page.
     * @param array<string, string> $ini
     * @param array<string, string|int> $pool
     * @param array<string, string|int> $global
     */
    public function __construct(private readonly Stage $stage, string $page, int $workers, array $parameters, array $ini = [], array $pool = [], array $global = [])
    {
        $name = "site-$page-" . bin2hex(random_bytes(2));
        $port = Machine::freePort();
        $this->fpm = new Fpm($stage->scratch, "$name-fpm", $workers, $ini + ['display_errors' => '0', 'log_errors' => '1'], $pool, $global);
        $location = Nginx::toFpm($this->fpm, \dirname(__DIR__) . "/pages/$page.php", $parameters);
        $this->nginx = new Nginx($stage->scratch, "$name-nginx", 'server { ' . Nginx::listen($port) . " location / { $location } }", [$port]);
        $this->url = "http://127.0.0.1:$port/";
        $body = (string) @file_get_contents($this->url, false, stream_context_create(['http' => ['timeout' => 10.0, 'ignore_errors' => true]]));
        if ($body !== "done\n") {
            $log = (string) file_get_contents($stage->scratch->path("$name-fpm/fpm.log"));
            throw new Broken("the page $page answers '$body': " . substr($log, -600));
        }
    }

    /**
     * Load for some seconds; what it returns waits for the end.
     *
     * @return \Closure(): Wrk
     */
    public function load(int $connections, int $seconds): \Closure
    {
        return Wrk::start($this->stage->scratch, $this->url, $connections, $seconds);
    }

    /** The status of one page. */
    public function status(): int
    {
        @file_get_contents($this->url, false, stream_context_create(['http' => ['timeout' => 10.0, 'ignore_errors' => true]]));

        return (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0);
    }

    public function stop(): void
    {
        $this->nginx->program->stop();
        $this->fpm->program->stop();
    }
}
