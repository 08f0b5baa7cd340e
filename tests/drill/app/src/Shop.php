<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Backfill;
use Causeway\Client;
use Causeway\Inbox;
use Causeway\Secret;
use Causeway\Snapshots;
use Causeway\Store;
use Causeway\Store\SqliteStore;
use Causeway\Switches;

/**
 * The shop's connections to its vendors, and where durable records live.
 */
final class Shop {

  /** What the ledger is told: leases are short, so that the drill's killed workers are soon replaced. */
  private const LEDGER = ['lease_ms' => 1000, 'max_attempts' => 20, 'base_delay_ms' => 100, 'max_delay_ms' => 1000];

  /** @var array<string, Client> */
  private array $clients = [];

  private ?Store $store = NULL;

  /**
   * @param array{catalog: string, crm: string, pricing: string, token_uri: string, secrets: string, store: string, database: string} $config
   */
  private function __construct(private readonly array $config) {}

  /**
   * Reads the configuration that the drill wrote.
   *
   * @throws \RuntimeException
   *   When there is none.
   */
  public static function fromFile(string $path): self {
    $json = is_file($path) ? file_get_contents($path) : FALSE;
    if ($json === FALSE) {
      throw new \RuntimeException(sprintf('DRILL_CONFIG names no readable file: "%s".', $path));
    }
    return new self(json_decode($json, TRUE, 16, JSON_THROW_ON_ERROR));
  }

  /** The store that the configuration asks for: Causeway's own file, or the shop's database. */
  public function store(): Store {
    return $this->store ??= $this->config['store'] === 'pdo'
      ? PdoStore::open($this->config['database'])
      : new SqliteStore($this->config['database']);
  }

  /** The shop's own database, where it has one. */
  public function database(): ?PdoStore {
    $store = $this->store();
    return $store instanceof PdoStore ? $store : NULL;
  }

  /** The client of a vendor: 'catalog', 'crm' or 'pricing'. */
  public function client(string $name): Client {
    return $this->clients[$name] ??= new Client($name, $this->options($name), $this->store());
  }

  /** The last good answers of a vendor. */
  public function snapshots(string $name): Snapshots {
    return new Snapshots($this->client($name));
  }

  /** The webhooks of a vendor. */
  public function inbox(string $name): Inbox {
    return new Inbox($this->client($name), self::LEDGER);
  }

  /** The walk over all products. */
  public function backfill(int $chunk): Backfill {
    return new Backfill($this->client('catalog'), 'product', [
      'path' => 'products',
      'items' => '/items',
      'id' => '/id',
      'cursor' => ['in' => 'cursor', 'out' => '/next_cursor'],
      'total' => '/total',
      'page_size' => 500,
      'chunk' => $chunk,
      'lease_ms' => 5000,
    ]);
  }

  /** The switches of all connections. */
  public function switches(): Switches {
    return new Switches($this->store());
  }

  /**
   * The options of a connection: what differs, on top of what all have in common.
   *
   * @return array<string, mixed>
   */
  private function options(string $name): array {
    $own = match ($name) {
      'catalog' => [
        'base_uri' => $this->config['catalog'] . '/v1/',
        'resources' => ['product' => ['path' => 'products/{id}', 'fresh_s' => 1, 'cache_tags' => ['catalog:product:{id}']]],
        'webhook' => $this->webhook('catalog', 'product'),
      ],
      'crm' => [
        'base_uri' => $this->config['crm'] . '/',
        'resources' => ['contact' => ['path' => 'contacts/{id}', 'fresh_s' => 900, 'cache_tags' => ['crm:contact:{id}']]],
        'webhook' => $this->webhook('crm', 'contact'),
      ],
      'pricing' => ['base_uri' => $this->config['pricing'] . '/'],
      default => throw new \DomainException(sprintf('There is no vendor "%s"; there are catalog, crm and pricing.', $name)),
    };
    $scope = ['catalog' => 'products.read', 'crm' => 'contacts.read', 'pricing' => 'prices.read'][$name];
    return $own + [
      // The simulated vendors live on loopback.
      'address' => ['allow_private' => TRUE],
      'auth' => [
        'type' => 'oauth2_client_credentials',
        'token_uri' => $this->config['token_uri'],
        'client_id' => $name,
        'client_secret' => $this->secret($name),
        'scopes' => [$scope],
      ],
      'timeouts' => ['connect_ms' => 200, 'attempt_ms' => 300, 'total_ms' => 1500, 'page_ms' => 1000],
      'retry' => [
        'max_attempts' => 3,
        'base_delay_ms' => 20,
        'max_delay_ms' => 200,
        'budget' => ['ratio' => 0.1, 'min_per_second' => 0, 'max_tokens' => 2],
      ],
      'breaker' => ['failure_rate' => 0.5, 'min_calls' => 4, 'window_s' => 2, 'open_ms' => 500, 'probes' => 1],
    ];
  }

  /** @return array<string, mixed> */
  private function webhook(string $name, string $resource): array {
    return [
      'scheme' => 'standard-webhooks',
      'secrets' => [$this->secret($name . '-webhook')],
      'refetch' => ['resource' => $resource, 'id' => '/data/id'],
    ];
  }

  private function secret(string $name): Secret {
    return Secret::ref('file:' . $this->config['secrets'] . '/' . $name);
  }

}
