<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Causeway\Backfill;
use Causeway\Exception\OptionsException;
use Causeway\Snapshots as NativeSnapshots;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Exception\ConnectionException;

/**
 * Walks over vendors' lists, as declared under "backfills" of a connection.
 */
final class Backfills {

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly TagInvalidator $invalidator,
  ) {}

  /**
   * Walks, and invalidates the tags of what has changed.
   *
   * @param string $id
   *   The connection.
   * @param string $resource
   *   One of its resources.
   * @param array<string, mixed> $options
   *   Options above the declared ones.
   * @param int|null $maxChunks
   *   Stop after so many chunks.
   * @param bool $reset
   *   Whether to begin at the start.
   * @param callable(int, ?int): void $progress
   *   Is told the rows so far and in all.
   *
   * @return array{rows: int, chunks: int, done: bool}
   *   What was done.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When there is no such backfill, or an option is bad.
   * @throws \Causeway\Exception\CallException
   *   When the vendor cannot be asked; a later walk goes on from here.
   */
  public function run(string $id, string $resource, array $options, ?int $maxChunks, bool $reset, callable $progress): array {
    $connection = $this->connections->get($id);
    $declared = $connection->options['backfills'][$resource] ?? NULL;
    if (!is_array($declared)) {
      throw ConnectionException::option($id, $connection->file, "backfills.$resource", 'is not declared');
    }
    $client = $this->clients->client($id);
    try {
      $backfill = new Backfill($client, $resource, $options + array_diff_key($declared, ['reconcile' => TRUE]));
    }
    catch (OptionsException $e) {
      throw ConnectionException::option($id, $connection->file, "backfills.$resource." . $e->field, $e->getMessage(), $e);
    }
    if ($reset) {
      $backfill->reset();
    }
    try {
      return $backfill->run($progress, $maxChunks);
    }
    finally {
      $snapshots = new NativeSnapshots($client);
      while ($snapshots->settle($this->invalidator->invalidate(...), 500) > 0) {
        continue;
      }
    }
  }

}
