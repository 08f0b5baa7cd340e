<?php

declare(strict_types=1);

namespace Drupal\causeway\Hook;

use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Extension;
use Drupal\causeway\Plugin\QueueWorker\InboxWorker;
use Drupal\causeway\Plugin\QueueWorker\UpkeepWorker;
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
   * Puts an item for each connection's inbox in a queue, and one for all else,
   * unless one waits already.
   */
  #[Hook('cron')]
  public function cron(): void {
    if (!$this->extension->isUsable()) {
      return;
    }
    $upkeep = $this->queues->get(UpkeepWorker::QUEUE);
    if ($upkeep->numberOfItems() === 0) {
      $upkeep->createItem(NULL);
    }
    $queue = $this->queues->get(InboxWorker::QUEUE);
    if ($queue->numberOfItems() > 0) {
      return;
    }
    $due = $this->records->find('inbox', ['pending', 'claimed'], NULL, $this->records->nowMs(), 1);
    foreach ($due ? $this->connections->withWebhook() : [] as $id) {
      $queue->createItem($id);
    }
  }

}
