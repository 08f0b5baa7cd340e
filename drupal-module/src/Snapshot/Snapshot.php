<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\Core\Cache\Cache;
use Drupal\Core\Cache\CacheableDependencyInterface;

/**
 * One remote entity as it was last seen, with what a page has to know.
 */
final readonly class Snapshot implements CacheableDependencyInterface {

  /**
   * Constructs a snapshot.
   *
   * @param mixed $data
   *   An object of the class that was asked for, or the decoded JSON.
   * @param bool $stale
   *   Whether it is older than the resource allows: show a banner.
   * @param int $fetchedAtMs
   *   When it was fetched, Unix milliseconds.
   * @param int $maxAgeS
   *   For how many seconds a page may be kept.
   * @param list<string> $tags
   *   The cache tags, with the one of the connection's state.
   */
  public function __construct(
    public mixed $data,
    public bool $stale,
    public int $fetchedAtMs,
    public int $maxAgeS,
    public array $tags,
  ) {}

  /**
   * The same snapshot with other data.
   */
  public function with(mixed $data): self {
    return new self($data, $this->stale, $this->fetchedAtMs, $this->maxAgeS, $this->tags);
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
    return Cache::mergeTags($this->tags);
  }

  /**
   * {@inheritdoc}
   */
  public function getCacheMaxAge(): int {
    return $this->maxAgeS;
  }

}
