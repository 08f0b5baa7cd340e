<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\Core\Cache\Cache;

/**
 * Implements SnapshotAwareInterface.
 *
 * An object that was made by hand, as in a unit test, is fresh and permanent.
 */
trait SnapshotAwareTrait {

  /**
   * The snapshot that this was made from.
   */
  private ?Snapshot $snapshot = NULL;

  /**
   * {@inheritdoc}
   */
  public function setSnapshot(Snapshot $snapshot): void {
    // Without the data, which would be this object itself.
    $this->snapshot ??= $snapshot->with(NULL);
  }

  /**
   * {@inheritdoc}
   */
  public function isStale(): bool {
    return $this->snapshot !== NULL && $this->snapshot->stale;
  }

  /**
   * {@inheritdoc}
   */
  public function getCacheContexts(): array {
    return [];
  }

  /**
   * {@inheritdoc}
   */
  public function getCacheTags(): array {
    return $this->snapshot?->getCacheTags() ?? [];
  }

  /**
   * {@inheritdoc}
   */
  public function getCacheMaxAge(): int {
    return $this->snapshot?->getCacheMaxAge() ?? Cache::PERMANENT;
  }

}
