<?php

declare(strict_types=1);

namespace Drupal\causeway\Inbox;

/**
 * What became of the events that were due.
 */
final readonly class Processed implements \JsonSerializable {

  public function __construct(
    public int $processed = 0,
    public int $failed = 0,
    public int $deferred = 0,
    public int $dead = 0,
  ) {}

  /**
   * The sum of two.
   */
  public function plus(self $other): self {
    return new self($this->processed + $other->processed, $this->failed + $other->failed, $this->deferred + $other->deferred, $this->dead + $other->dead);
  }

  /**
   * Whether nothing was due, or nothing can be done now.
   */
  public function isIdle(): bool {
    return $this->processed + $this->failed + $this->dead === 0;
  }

  /**
   * {@inheritdoc}
   *
   * @return array<string, int>
   *   The counts by name.
   */
  public function jsonSerialize(): array {
    return get_object_vars($this);
  }

}
