<?php

declare(strict_types=1);

namespace Drupal\causeway\Event;

use Causeway\Webhook\Event;

/**
 * A webhook's event takes effect: the entity was fetched again.
 *
 * Dispatched inside the transaction that replaces the snapshot and marks the
 * event done: what a subscriber writes with the site's database happens
 * exactly once, and an exception undoes all of it, to be tried again later.
 * Subscribers must not call a vendor, and not render.
 */
final readonly class InboxEventApplied {

  /**
   * Constructs the event.
   *
   * @param string $connection
   *   The connection that the event came from.
   * @param \Causeway\Webhook\Event $event
   *   What the vendor sent.
   * @param array<string, mixed>|null $entity
   *   The entity as it was fetched, NULL when it is gone.
   */
  public function __construct(
    public string $connection,
    public Event $event,
    public ?array $entity,
  ) {}

}
