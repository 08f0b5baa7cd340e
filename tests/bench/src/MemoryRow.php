<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Certificates;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Upstream;

/** What the extension adds to the memory of a php-fpm worker that makes verified calls. */
final class MemoryRow implements Row
{
    private ?Site $site = null;
    private ?Upstream $upstream = null;

    public function id(): string
    {
        return 'memory-fpm-worker';
    }

    public function what(): string
    {
        return 'private memory of a php-fpm worker that serves pages with one verified HTTPS call (the system\'s CA bundle, every policy on, a store), '
            . 'beyond that of a worker without the extension that serves an empty page; mean of ' . Site::WORKERS . ' workers under load; PHP ' . PHP_VERSION;
    }

    public function unit(): string
    {
        return 'MiB';
    }

    public function budgets(): array
    {
        return [Budget::atMost(6.0, 'MiB')];
    }

    public function missing(): ?string
    {
        return null;
    }

    public function prepare(Bench $bench): void
    {
        $certificates = new Certificates($bench->scratch);
        $this->upstream = new Upstream($bench->scratch, false, $certificates);
        $this->site = new Site($bench, 'memory', [
            'causeway' => ['script' => 'call/causeway', 'with' => true, 'parameters' => [
                'BENCH_BASE_URI' => $this->upstream->baseUri, 'BENCH_CA_FILE' => $certificates->bundle(), 'BENCH_STORE' => $bench->scratch->path('memory.sqlite'),
            ]],
            'empty' => ['script' => 'empty', 'with' => false, 'parameters' => []],
        ]);
    }

    public function round(int $number): array
    {
        foreach (['causeway', 'empty'] as $page) {
            $this->site?->load($page);
        }

        return $this->site === null ? [] : [Row::OURS => (self::meanKib($this->site->with) - self::meanKib($this->site->without)) / 1024];
    }

    public function finish(): void
    {
        $this->site?->stop();
        $this->upstream?->stop();
        $this->site = $this->upstream = null;
    }

    private static function meanKib(Fpm $fpm): float
    {
        $sizes = array_map(Machine::privateKib(...), $fpm->pids());

        return array_sum($sizes) / max(1, \count($sizes));
    }
}
