<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Causeway\Exception\OptionsException;
use Causeway\Reconcile;
use Causeway\Snapshots as NativeSnapshots;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Exception\ConnectionException;

/**
 * Compares snapshots with vendors' lists, as declared under "backfills".
 *
 * What is a comparison's own (deletions, max_absent) stands in the entry's
 * "reconcile".
 */
final class Reconciles {

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly TagInvalidator $invalidator,
  ) {}

  /**
   * Compares, repairs, and invalidates the tags of what has changed.
   *
   * @param string $id
   *   The connection.
   * @param string $resource
   *   One of its resources.
   * @param array<string, mixed> $options
   *   Options above the declared ones.
   * @param callable(int, ?int): void $progress
   *   Is told the items so far and in all.
   *
   * @return array<string, mixed>
   *   The report, see \Causeway\Reconcile::run().
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When there is no such list, or an option is bad.
   * @throws \Causeway\Exception\CallException
   *   When the vendor cannot be asked; a later run begins anew.
   */
  public function run(string $id, string $resource, array $options, callable $progress): array {
    $reconcile = $this->reconcile($id, $resource, $options);
    try {
      return $reconcile->run($progress);
    }
    finally {
      $snapshots = new NativeSnapshots($this->clients->client($id));
      while ($snapshots->settle($this->invalidator->invalidate(...), 500) > 0) {
        continue;
      }
    }
  }

  /**
   * The last reports, by "connection/resource", of all lists that are declared.
   *
   * @return array<string, array<string, mixed>>
   *   The reports, with at_ms.
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is not loaded.
   */
  public function last(): array {
    $reports = [];
    foreach ($this->connections->ids() as $id) {
      foreach (array_keys($this->connections->get($id)->options['backfills'] ?? []) as $resource) {
        try {
          $reports["$id/$resource"] = $this->reconcile($id, (string) $resource, [])->last();
        }
        catch (ConnectionException) {
          // The row of connections says what is wrong with it.
          continue;
        }
      }
    }
    return array_filter($reports);
  }

  /**
   * Makes the comparison of a list.
   *
   * @param string $id
   *   The connection.
   * @param string $resource
   *   One of its resources.
   * @param array<string, mixed> $options
   *   Options above the declared ones.
   */
  private function reconcile(string $id, string $resource, array $options): Reconcile {
    $connection = $this->connections->get($id);
    $declared = $connection->options['backfills'][$resource] ?? NULL;
    if (!is_array($declared)) {
      throw ConnectionException::option($id, $connection->file, "backfills.$resource", 'is not declared');
    }
    $own = $declared['reconcile'] ?? [];
    $client = $this->clients->client($id);
    try {
      return new Reconcile($client, $resource, $options + $own + array_diff_key($declared, ['reconcile' => TRUE]));
    }
    catch (OptionsException $e) {
      throw ConnectionException::option($id, $connection->file, "backfills.$resource." . $e->field, $e->getMessage(), $e);
    }
  }

}
