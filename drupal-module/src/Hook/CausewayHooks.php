<?php

declare(strict_types=1);

namespace Drupal\causeway\Hook;

use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Extension;
use Drupal\causeway\Plugin\QueueWorker\InboxWorker;
use Drupal\causeway\Store\Records;
use Drupal\Core\Hook\Attribute\Hook;
use Drupal\Core\Queue\QueueFactory;

/**
 * Cron of Causeway.
 */
final readonly class CausewayHooks {

  public function __construct(
    private Extension $extension,
    private Connections $connections,
    private Records $records,
    private QueueFactory $queues,
  ) {}

  /**
   * Implements hook_cron().
   *
   * Puts one item for each connection in the queue, unless one waits already.
   */
  #[Hook('cron')]
  public function cron(): void {
    $queue = $this->queues->get(InboxWorker::QUEUE);
    if (!$this->extension->isUsable() || $queue->numberOfItems() > 0) {
      return;
    }
    $due = $this->records->find('inbox', ['pending', 'claimed'], NULL, $this->records->nowMs(), 1);
    foreach ($due ? $this->connections->withWebhook() : [] as $id) {
      $queue->createItem($id);
    }
  }

}
