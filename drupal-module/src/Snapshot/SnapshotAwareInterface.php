<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\Core\Cache\CacheableDependencyInterface;

/**
 * An object made from a snapshot that carries the snapshot's cacheability.
 */
interface SnapshotAwareInterface extends CacheableDependencyInterface {

  /**
   * Tells the object which snapshot it was made from, once.
   */
  public function setSnapshot(Snapshot $snapshot): void;

  /**
   * Whether the data is older than the resource allows.
   */
  public function isStale(): bool;

}
