<?php

declare(strict_types=1);

namespace Drupal\causeway\Inbox;

/**
 * The answer to a delivery.
 */
final readonly class Answer {

  /**
   * Constructs an answer.
   *
   * @param int $status
   *   The HTTP status.
   * @param string $verdict
   *   One of recorded, duplicate, conflict, refused, unavailable, challenge.
   * @param string|null $reason
   *   Why it was refused, machine-readable.
   * @param int|null $retryAfterS
   *   Seconds for Retry-After.
   * @param string $body
   *   What the sender wants to see, often empty.
   */
  public function __construct(
    public int $status,
    public string $verdict,
    public ?string $reason = NULL,
    public ?int $retryAfterS = NULL,
    public string $body = '',
  ) {}

}
