<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\causeway\Connection\Connection;
use Drupal\causeway\Store\Records;

/**
 * Reads stored snapshots without the extension: pages go on without it.
 */
final class SnapshotReader {

  public function __construct(
    private readonly Records $records,
  ) {}

  /**
   * What is stored, NULL when nothing is.
   *
   * @param \Drupal\causeway\Connection\Connection $connection
   *   The connection.
   * @param string $resource
   *   One of its resources.
   * @param string $id
   *   The vendor's id of the entity.
   * @param list<string> $tags
   *   The cache tags.
   * @param int $stalePageS
   *   For how many seconds a page from stale data may be kept.
   */
  public function read(Connection $connection, string $resource, string $id, array $tags, int $stalePageS): ?Snapshot {
    $record = $this->records->readByLabel('snapshot', $connection->id . '/' . $resource, $id);
    if ($record === NULL || $record['payload'] === NULL) {
      return NULL;
    }
    $detail = json_decode($record['detail'], TRUE);
    $left_ms = $record['due_at_ms'] - $this->records->nowMs();
    return new Snapshot(
      json_decode($record['payload'], TRUE, 512, JSON_BIGINT_AS_STRING | JSON_THROW_ON_ERROR),
      $left_ms <= 0,
      (int) ($detail['fetched_at_ms'] ?? $record['updated_at_ms']),
      $left_ms <= 0 ? $stalePageS : max(1, intdiv($left_ms, 1000)),
      $tags,
    );
  }

}
