<?php

declare(strict_types=1);

namespace Drupal\causeway\Plugin\QueueWorker;

use Drupal\causeway\Inbox\InboxProcessor;
use Drupal\Core\Plugin\ContainerFactoryPluginInterface;
use Drupal\Core\Queue\Attribute\QueueWorker;
use Drupal\Core\Queue\QueueWorkerBase;
use Drupal\Core\Queue\SuspendQueueException;
use Drupal\Core\StringTranslation\TranslatableMarkup;

/**
 * Processes the inbox of one connection.
 *
 * The ledger is the queue: an item only says "look".
 */
#[QueueWorker(
  id: self::QUEUE,
  title: new TranslatableMarkup('Causeway inbox'),
  cron: ['time' => 60],
)]
final class InboxWorker extends QueueWorkerBase implements ContainerFactoryPluginInterface {

  /**
   * The queue of this worker.
   */
  public const string QUEUE = 'causeway_inbox';

  /**
   * Events and seconds of one item; cron gives a queue 60 seconds.
   */
  private const int LIMIT = 500;
  private const float TIME_LIMIT_S = 45.0;

  /**
   * Constructs the worker.
   *
   * @param array<string, mixed> $configuration
   *   The plugin's configuration.
   * @param string $plugin_id
   *   The plugin's id.
   * @param mixed $plugin_definition
   *   The plugin's definition.
   * @param \Drupal\causeway\Inbox\InboxProcessor $processor
   *   Does the work.
   */
  public function __construct(
    array $configuration,
    $plugin_id,
    $plugin_definition,
    protected InboxProcessor $processor,
  ) {
    parent::__construct($configuration, $plugin_id, $plugin_definition);
  }

  /**
   * {@inheritdoc}
   */
  public function processItem($data): void {
    try {
      $this->processor->process((string) $data, self::LIMIT, self::TIME_LIMIT_S);
    }
    catch (\Exception $e) {
      // What is due stays due, and cron makes a new item: anything but this
      // exception would be repeated for ever by core.
      throw new SuspendQueueException($e->getMessage(), 0, $e);
    }
  }

}
