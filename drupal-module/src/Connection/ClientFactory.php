<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Inbox;
use Causeway\Store;
use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Extension;
use Drupal\causeway\Store\DatabaseStore;
use Drupal\causeway\Store\Records;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * Makes the native client of a connection, when it is first needed.
 */
final class ClientFactory {

  /**
   * The clients that were made, by connection.
   *
   * @var array<string, \Causeway\Client>
   */
  private array $clients = [];

  /**
   * The store of all clients.
   */
  private ?DatabaseStore $store = NULL;

  public function __construct(
    private readonly Extension $extension,
    private readonly Connections $connections,
    private readonly SecretReferences $secrets,
    private readonly Records $records,
    #[Autowire(param: 'app.root')]
    private readonly string $root,
    #[Autowire(param: 'site.path')]
    private readonly string $sitePath,
  ) {}

  /**
   * The client of a connection, one for each process.
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is not loaded.
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When the connection is unknown or has a bad option.
   */
  public function client(string $id): Client {
    return $this->clients[$id] ??= $this->create($id);
  }

  /**
   * The inbox of a connection that gets webhooks.
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is not loaded.
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When the connection is unknown or has a bad option.
   */
  public function inbox(string $id): Inbox {
    $client = $this->client($id);
    return $this->checked($id, static fn (): Inbox => new Inbox($client));
  }

  /**
   * The store of all durable records: this site's database.
   */
  public function store(): Store {
    $this->extension->require('The store of calls and webhooks');
    return $this->store ??= new DatabaseStore($this->records);
  }

  /**
   * What keeps the counters and breakers of two sites on one host apart.
   */
  public function namespace(): string {
    return 'drupal-' . substr(hash('sha256', $this->root . '/' . $this->sitePath), 0, 12);
  }

  /**
   * Makes a client.
   */
  private function create(string $id): Client {
    $this->extension->require(sprintf('A call to "%s"', $id));
    $connection = $this->connections->get($id);
    // The module's own part of a connection.
    $options = $this->secrets->resolve(array_diff_key($connection->options, ['backfills' => TRUE]));
    return $this->checked($id, fn (): Client => new Client($id, $options + ['namespace' => $this->namespace()], $this->store()));
  }

  /**
   * Says where a bad option is declared.
   *
   * @param string $id
   *   The connection.
   * @param callable(): T $make
   *   Makes something of its options.
   *
   * @return T
   *   What was made.
   *
   * @template T of object
   */
  private function checked(string $id, callable $make): object {
    try {
      return $make();
    }
    catch (OptionsException $e) {
      throw ConnectionException::option($id, $this->connections->get($id)->file, $e->field, $e->getMessage(), $e);
    }
  }

}
