<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\EventSubscriber;

use Drupal\causeway\Event\InboxEventApplied;
use Drupal\Core\Database\Connection;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;

/**
 * Appends each effect to a log, in the transaction of the effect itself.
 *
 * An event that were applied twice would have two rows.
 */
final class EffectLog implements EventSubscriberInterface {

  public function __construct(
    private readonly Connection $database,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [InboxEventApplied::class => 'onApplied'];
  }

  /**
   * Appends one row.
   */
  public function onApplied(InboxEventApplied $applied): void {
    $this->database->insert('causeway_demo_effect')->fields([
      'connection' => $applied->connection,
      'event_id' => $applied->event->id(),
      'event_type' => (string) $applied->event->type(),
      'entity_id' => (string) ($applied->entity['id'] ?? ''),
      'version' => (int) ($applied->entity['version'] ?? 0),
    ])->execute();
  }

}
