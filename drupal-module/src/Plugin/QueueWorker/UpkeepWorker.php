<?php

declare(strict_types=1);

namespace Drupal\causeway\Plugin\QueueWorker;

use Drupal\causeway\Outbox\Outboxes;
use Drupal\causeway\Store\Retention;
use Drupal\Core\Plugin\ContainerFactoryPluginInterface;
use Drupal\Core\Queue\Attribute\QueueWorker;
use Drupal\Core\Queue\QueueWorkerBase;
use Drupal\Core\Queue\SuspendQueueException;
use Drupal\Core\StringTranslation\TranslatableMarkup;

/**
 * Sends what is due, and lets go of what was kept for long enough.
 */
#[QueueWorker(
  id: self::QUEUE,
  title: new TranslatableMarkup('Causeway outboxes and retention'),
  cron: ['time' => 60],
)]
final class UpkeepWorker extends QueueWorkerBase implements ContainerFactoryPluginInterface {

  /**
   * The queue of this worker.
   */
  public const string QUEUE = 'causeway_upkeep';

  /**
   * Seconds of sending; cron gives a queue 60 seconds.
   */
  private const float TIME_LIMIT_S = 40.0;

  /**
   * Constructs the worker.
   *
   * @param array<string, mixed> $configuration
   *   The plugin's configuration.
   * @param string $plugin_id
   *   The plugin's id.
   * @param mixed $plugin_definition
   *   The plugin's definition.
   * @param \Drupal\causeway\Outbox\Outboxes $outboxes
   *   Send.
   * @param \Drupal\causeway\Store\Retention $retention
   *   Lets go.
   */
  public function __construct(
    array $configuration,
    $plugin_id,
    $plugin_definition,
    protected Outboxes $outboxes,
    protected Retention $retention,
  ) {
    parent::__construct($configuration, $plugin_id, $plugin_definition);
  }

  /**
   * {@inheritdoc}
   */
  public function processItem($data): void {
    try {
      $this->outboxes->process(NULL, self::TIME_LIMIT_S);
      $this->retention->clean();
    }
    catch (\Exception $e) {
      // Cron makes a new item: anything but this exception would be repeated
      // for ever by core.
      throw new SuspendQueueException($e->getMessage(), 0, $e);
    }
  }

}
