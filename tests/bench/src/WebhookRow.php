<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Nginx;

/** Webhooks in through nginx and php-fpm, each verified and on disk before it is answered. */
final class WebhookRow implements Row
{
    private const BODY_BYTES = 1024;
    private const PAGES = [Row::OURS => 'causeway', 'PDO' => 'pdo'];
    private const DISK_PAGES = 256;
    private const DISK = 'raw commits of the disk';
    /** Signed for a round of a page; then more than it has used so far. */
    private const DELIVERIES_AT_FIRST = 20_000;

    private ?Site $site = null;
    private ?Bench $bench = null;
    private string $body = '';
    private string $key = '';
    /** @var array<string, int> By page. */
    private array $deliveries = [];

    /**
     * @param int $workers Of php-fpm, and connections: so many deliveries are under way at once.
     * @param list<Budget> $budgets
     */
    public function __construct(private readonly string $id, private readonly int $workers, private readonly array $budgets)
    {
    }

    public function id(): string
    {
        return $this->id;
    }

    public function what(): string
    {
        return 'webhook POSTs of 1 KB with random ids in a second through ' . Nginx::version() . ' and php-fpm ' . PHP_VERSION . ' (' . $this->workers
            . ' workers, opcache) under wrk with ' . $this->workers . ' connections: Standard Webhooks verified, recorded once, on disk before the answer; '
            . 'by hand: hash_hmac(), a persistent PDO on SQLite, one insert, WAL, synchronous=FULL; the disk: 4 KiB written over and fdatasync, by one process';
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
        return null;
    }

    public function prepare(Bench $bench): void
    {
        $this->bench = $bench;
        $this->key = random_bytes(32);
        $this->body = str_pad('{"type":"contact.updated","data":{"id":"c7","text":"', self::BODY_BYTES - 3, 'x') . '"}}';
        file_put_contents($bench->scratch->path('delivery-body'), $this->body);
        $store = $bench->scratch->path("$this->id-pdo.sqlite");
        $pdo = new \PDO("sqlite:$store", null, null, [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
        $pdo->exec('PRAGMA journal_mode = WAL');
        $pdo->exec('CREATE TABLE event (id TEXT PRIMARY KEY, checksum TEXT NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID');
        unset($pdo);
        $pages = [];
        foreach (self::PAGES as $name => $script) {
            $pages[$script] = ['script' => "webhook/$script", 'with' => $name === Row::OURS, 'parameters' => [
                'BENCH_SECRET' => 'whsec_' . base64_encode($this->key), 'BENCH_STORE' => $name === Row::OURS ? $bench->scratch->path("$this->id.sqlite") : $store,
            ]];
        }
        $this->site = new Site($bench, $this->id, $pages, $this->workers);
    }

    public function round(int $number): array
    {
        $figures = [];
        foreach (LoopRow::rotated([...array_keys(self::PAGES), self::DISK], $number) as $name) {
            $figures[$name] = $name === self::DISK ? $this->commits() : $this->posts(self::PAGES[$name]);
        }

        return $figures;
    }

    public function finish(): void
    {
        $this->site?->stop();
        $this->site = null;
    }

    /** A second of fresh deliveries. */
    private function posts(string $page): float
    {
        $bench = $this->bench ?? throw new Broken('not prepared');
        $file = $bench->scratch->path('deliveries');
        $time = (string) time();
        $lines = '';
        for ($left = $this->deliveries[$page] ?? self::DELIVERIES_AT_FIRST; $left > 0; $left--) {
            // As most vendors' are: no counter, which a table in the order of its keys would be spared by.
            $id = 'evt_' . bin2hex(random_bytes(12));
            $lines .= "$id $time v1," . base64_encode(hash_hmac('sha256', "$id.$time.$this->body", $this->key, true)) . "\n";
        }
        file_put_contents($file, $lines);
        putenv("BENCH_DELIVERIES=$file");
        putenv('BENCH_BODY=' . $bench->scratch->path('delivery-body'));
        $rate = $this->site?->load($page, ['-s', \dirname(__DIR__) . '/deliveries.lua']) ?? 0.0;
        // Signing takes as long as the load: no more than a moment without others' work could want.
        $this->deliveries[$page] = max(2000, (int) (4 * $rate));

        return $rate;
    }

    private function commits(): float
    {
        $path = ($this->bench ?? throw new Broken('not prepared'))->scratch->path('commits');
        $file = fopen($path, 'w') ?: throw new Broken('the scratch directory cannot be written');
        $page = str_repeat('x', 4096);
        // As in a WAL that is used again, the file does not grow.
        fwrite($file, str_repeat($page, self::DISK_PAGES));
        fsync($file);
        $begun = hrtime(true);
        for ($count = 0; hrtime(true) - $begun < 300_000_000; $count++) {
            fseek($file, 4096 * ($count % self::DISK_PAGES));
            fwrite($file, $page);
            fdatasync($file);
        }
        $seconds = (hrtime(true) - $begun) / 1e9;
        fclose($file);
        unlink($path);

        return $count / $seconds;
    }
}
