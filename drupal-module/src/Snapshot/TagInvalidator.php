<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\Core\Cache\CacheTagsChecksumInterface;
use Drupal\Core\Cache\CacheTagsInvalidatorInterface;

/**
 * Invalidates cache tags, as often as it is asked to.
 *
 * Core skips the second invalidation of a tag in one process, which is right
 * for a request and wrong for a worker: the same product may change twice.
 */
final class TagInvalidator {

  public function __construct(
    private readonly CacheTagsInvalidatorInterface $invalidator,
    private readonly CacheTagsChecksumInterface $checksum,
  ) {}

  /**
   * Invalidates what was made from these tags.
   *
   * @param array<string> $tags
   *   The cache tags.
   */
  public function invalidate(array $tags): void {
    if (!$tags) {
      return;
    }
    if (method_exists($this->invalidator, 'resetChecksums')) {
      $this->invalidator->resetChecksums();
    }
    $this->checksum->reset();
    $this->invalidator->invalidateTags(array_values($tags));
  }

}
