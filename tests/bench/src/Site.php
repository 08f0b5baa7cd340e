<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Nginx;
use Causeway\Rig\Wrk;

/**
 * Pages behind one nginx and two php-fpm, one with the extension and one without: each page is a
 * script below pages/, reached under its own path.
 */
final class Site
{
    /** Of each php-fpm, unless a row says otherwise; as many connections come from the load generator. */
    public const WORKERS = 4;

    private const INI = ['opcache.enable' => '1', 'opcache.validate_timestamps' => '0', 'zend.assertions' => '-1', 'display_errors' => '0', 'log_errors' => '1'];

    public readonly Fpm $with;
    public readonly Fpm $without;
    private readonly Nginx $nginx;
    private readonly int $port;

    /** @param array<string, array{script: string, with: bool, parameters: array<string, string>}> $pages By path. */
    public function __construct(private readonly Bench $bench, string $name, array $pages, private readonly int $workers = self::WORKERS)
    {
        $this->port = Machine::freePort();
        $this->with = new Fpm($bench->scratch, "$name-with", $workers, $bench->ini($name) + self::INI);
        $this->without = new Fpm($bench->scratch, "$name-without", $workers, self::INI);
        $locations = '';
        foreach ($pages as $path => $page) {
            $script = \dirname(__DIR__) . "/pages/{$page['script']}.php";
            $locations .= "location = /$path { " . Nginx::toFpm($page['with'] ? $this->with : $this->without, $script, $page['parameters']) . " }\n";
        }
        $this->nginx = new Nginx($bench->scratch, "$name-front", 'server { ' . Nginx::listen($this->port) . "\n$locations }", [$this->port]);
        foreach (array_keys($pages) as $path) {
            $this->check($path);
        }
    }

    /**
     * Pages in a second, over a second; each must be right.
     *
     * @param list<string> $more Arguments for wrk.
     */
    public function load(string $path, array $more = []): float
    {
        $run = Wrk::run($this->bench->scratch, "http://127.0.0.1:$this->port/$path", $this->workers, 1, $more);
        if ($run->failed > 0 || $run->requests === 0) {
            throw new Broken("$path: $run->failed of $run->requests pages failed: " . $this->lastWords());
        }

        return $run->perSecond;
    }

    public function stop(): void
    {
        foreach ([$this->nginx->program, $this->with->program, $this->without->program] as $program) {
            $program->stop();
        }
    }

    private function check(string $path): void
    {
        $context = stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 10.0]]);
        $body = (string) @file_get_contents("http://127.0.0.1:$this->port/$path", false, $context);
        if ($body !== "done\n") {
            throw new Broken("the page $path answers '$body': " . $this->lastWords());
        }
    }

    private function lastWords(): string
    {
        $logs = '';
        foreach (glob($this->bench->scratch->path('*/{fpm,nginx}.log'), GLOB_BRACE) ?: [] as $log) {
            $logs .= substr((string) file_get_contents($log), -300);
        }

        return $logs;
    }
}
