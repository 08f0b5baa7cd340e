<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Certificates;
use Causeway\Rig\Nginx;
use Causeway\Rig\Upstream;

/** Pages of php-fpm that make one verified HTTPS call each. */
final class PageRow implements Row
{
    private const PAGES = [Row::OURS => 'causeway', 'ext-curl' => 'ext-curl', 'Guzzle 7' => 'guzzle'];

    private ?Site $site = null;
    private ?Upstream $upstream = null;
    private string $caFile = '';

    /** @param list<Budget> $budgets */
    public function __construct(private readonly string $id, private readonly bool $isBundle, private readonly array $budgets)
    {
    }

    public function id(): string
    {
        return $this->id;
    }

    public function what(): string
    {
        $count = Certificates::count($this->caFile);
        $file = $this->isBundle ? "the system's bundle and our CA ($count certificates)" : 'our CA alone (1 certificate)';

        return "pages that make one verified HTTPS call (GET of 2 KB, HTTP/1.1), CA file: $file; " . Nginx::version() . ' and php-fpm ' . PHP_VERSION . ' with '
            . Site::WORKERS . ' workers and opcache under wrk with ' . Site::WORKERS . ' connections, nothing pinned; every policy on; libcurl '
            . (curl_version()['version'] ?? '?') . ', Guzzle ' . Peers::version('guzzlehttp/guzzle', Peers::guzzle7());
    }

    public function unit(): string
    {
        return '/s';
    }

    public function budgets(): array
    {
        return $this->budgets;
    }

    public function missing(): ?string
    {
        return Peers::missing();
    }

    public function prepare(Bench $bench): void
    {
        $certificates = new Certificates($bench->scratch);
        $this->caFile = $this->isBundle ? $certificates->bundle() : $certificates->oneCa;
        $this->upstream = new Upstream($bench->scratch, false, $certificates);
        $pages = [];
        foreach (self::PAGES as $name => $script) {
            $pages[$script] = ['script' => "call/$script", 'with' => $name === Row::OURS, 'parameters' => [
                'BENCH_BASE_URI' => $this->upstream->baseUri, 'BENCH_CA_FILE' => $this->caFile, 'BENCH_AUTOLOAD' => Peers::guzzle7(),
                'BENCH_STORE' => $bench->scratch->path("$this->id.sqlite"),
            ]];
        }
        $this->site = new Site($bench, $this->id, $pages);
    }

    public function round(int $number): array
    {
        $figures = [];
        foreach (LoopRow::rotated(array_keys(self::PAGES), $number) as $name) {
            $figures[$name] = $this->site?->load(self::PAGES[$name]) ?? 0.0;
        }

        return $figures;
    }

    public function finish(): void
    {
        $this->site?->stop();
        $this->upstream?->stop();
        $this->site = $this->upstream = null;
    }
}
