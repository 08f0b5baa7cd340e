<?php

declare(strict_types=1);

namespace Drupal\causeway\Inbox;

use Causeway\Inbox as NativeInbox;
use Causeway\Snapshots as NativeSnapshots;
use Causeway\Webhook\Event;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Event\InboxEventApplied;
use Drupal\causeway\Snapshot\TagInvalidator;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * Processes what is due. Cron, the queue and the command only call this.
 */
final class InboxProcessor {

  /**
   * Events that one step takes, between looks at the time.
   */
  private const int STEP = 10;

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly TagInvalidator $invalidator,
    private readonly EventDispatcherInterface $dispatcher,
    #[Autowire(service: 'logger.channel.causeway')]
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * Processes due events of one connection, or of all that get webhooks.
   *
   * Tags that a killed process owes are invalidated first. The connections take
   * turns of a few events, so that one that floods does not delay the others.
   *
   * @param string|null $connection
   *   Only this connection.
   * @param int $limit
   *   At most so many events of each connection.
   * @param float $timeLimitS
   *   No step begins after so many seconds.
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is not loaded.
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When the connection is unknown or has a bad option.
   */
  public function process(?string $connection = NULL, int $limit = 50, float $timeLimitS = 60.0): Processed {
    $until = hrtime(TRUE) + (int) ($timeLimitS * 1e9);
    $total = new Processed();
    $inboxes = $left = [];
    foreach ($connection === NULL ? $this->connections->withWebhook() : [$connection] as $id) {
      (new NativeSnapshots($this->clients->client($id)))->settle($this->invalidator->invalidate(...));
      $inboxes[$id] = $this->clients->inbox($id);
      $left[$id] = $limit;
    }
    while ($left) {
      foreach ($left as $id => $wanted) {
        if (hrtime(TRUE) >= $until) {
          return $total;
        }
        $step = $this->step($inboxes[$id], (string) $id, min($wanted, self::STEP));
        $total = $total->plus($step);
        $left[$id] -= self::STEP;
        if ($left[$id] <= 0 || $step->isIdle()) {
          unset($left[$id]);
        }
      }
    }
    return $total;
  }

  /**
   * Processes a few events.
   */
  private function step(NativeInbox $inbox, string $connection, int $limit): Processed {
    $result = $inbox->process(
      $limit,
      $this->invalidator->invalidate(...),
      function (Event $event, ?array $entity) use ($connection): void {
        $this->dispatcher->dispatch(new InboxEventApplied($connection, $event, $entity));
      },
    );
    if ($result['dead'] > 0) {
      $this->logger->error('@count events of @connection failed for the last time and are in the dead letters.', [
        '@count' => $result['dead'],
        '@connection' => $connection,
      ]);
    }
    return new Processed($result['processed'], $result['failed'], $result['deferred'], $result['dead']);
  }

}
