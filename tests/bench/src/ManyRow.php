<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;
use Causeway\Rig\Nginx;
use Causeway\Rig\Upstream;

/** Many GETs, so many at once. */
final class ManyRow extends LoopRow
{
    private const REQUESTS = 2000;
    private const AT_ONCE = 20;
    private const PATH = '2k.json';

    private ?Upstream $upstream = null;

    public function id(): string
    {
        return 'get-2000-at-20';
    }

    public function what(): string
    {
        return self::REQUESTS . ' GETs of 2 KB, ' . self::AT_ONCE . ' at once (http, HTTP/1.1 keep-alive, status and body read), every policy on; client and '
            . Nginx::version() . ' pinned to one core (' . Machine::core() . '); PHP ' . PHP_VERSION . ' CLI with opcache; '
            . "Guzzle's pool, Symfony in batches; " . $this->versions();
    }

    public function unit(): string
    {
        return 'ms';
    }

    public function budgets(): array
    {
        return [Budget::atMostTimes(1.05, 'curl_multi'), Budget::timesFaster(4, 'Guzzle 7')];
    }

    public function missing(): ?string
    {
        return (new \ReflectionClass(\Causeway\Client::class))->hasMethod('all') ? Peers::missing() : 'the extension has no Client::all()';
    }

    public function finish(): void
    {
        parent::finish();
        $this->upstream?->stop();
        $this->upstream = null;
    }

    protected function times(): int
    {
        return 1;
    }

    protected function subjects(Bench $bench): array
    {
        $this->upstream = new Upstream($bench->scratch, true);
        $work = [
            'base_uri' => $this->upstream->baseUri, 'path' => self::PATH, 'bytes' => Upstream::FILES[self::PATH],
            'requests' => self::REQUESTS, 'at_once' => self::AT_ONCE,
        ];
        $make = static fn (string $name, string $case, array $more = [], array $ini = []): Subject => new Subject($bench, $name, "many/$case", $work + $more, Machine::pinned(), $ini);

        return [
            Row::OURS => $make(Row::OURS, 'causeway', ['store' => $bench->scratch->path('many.sqlite')], $bench->ini('many')),
            'curl_multi' => $make('curl_multi', 'ext-curl'),
            'Guzzle 7' => $make('Guzzle 7', 'guzzle', ['autoload' => Peers::guzzle7()]),
            'Guzzle 8' => $make('Guzzle 8', 'guzzle', ['autoload' => Peers::newest()]),
            'Symfony HttpClient 7.4' => $make('Symfony', 'symfony', ['autoload' => Peers::newest()]),
        ];
    }
}
