<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;
use Causeway\Rig\Nginx;
use Causeway\Rig\Upstream;

/** GETs of one size, one after another, client and vendor on one core. */
final class GetRow extends LoopRow
{
    private ?Upstream $upstream = null;

    /** @param list<Budget> $budgets */
    public function __construct(private readonly string $id, private readonly string $path, private readonly string $size, private readonly array $budgets)
    {
    }

    public function id(): string
    {
        return $this->id;
    }

    public function what(): string
    {
        return "GET of $this->size (http, HTTP/1.1 keep-alive, one after another, status and body read), every policy on; client and "
            . Nginx::version() . ' pinned to one core (' . Machine::core() . '); PHP ' . PHP_VERSION . ' CLI with opcache; ' . $this->versions();
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return $this->budgets;
    }

    public function missing(): ?string
    {
        return Peers::missing();
    }

    public function finish(): void
    {
        parent::finish();
        $this->upstream?->stop();
        $this->upstream = null;
    }

    protected function times(): int
    {
        return 1000;
    }

    protected function subjects(Bench $bench): array
    {
        $this->upstream = new Upstream($bench->scratch, true);
        $work = ['base_uri' => $this->upstream->baseUri, 'path' => $this->path, 'bytes' => Upstream::FILES[$this->path]];
        $make = static fn (string $name, string $case, array $more = [], array $ini = []): Subject => new Subject($bench, $name, "get/$case", $work + $more, Machine::pinned(), $ini);

        return [
            Row::OURS => $make(Row::OURS, 'causeway', ['store' => $bench->scratch->path("$this->id.sqlite")], $bench->ini($this->id)),
            'ext-curl' => $make('ext-curl', 'ext-curl'),
            'Guzzle 7' => $make('Guzzle 7', 'guzzle', ['autoload' => Peers::guzzle7()]),
            'Guzzle 8' => $make('Guzzle 8', 'guzzle', ['autoload' => Peers::newest()]),
            'Symfony HttpClient 7.4' => $make('Symfony', 'symfony', ['autoload' => Peers::newest()]),
        ];
    }
}
