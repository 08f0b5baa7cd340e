<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Causeway\Snapshots;
use Drupal\causeway\Connection\ConnectionState;
use Psr\Log\LoggerInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * What this request found stale, refreshed after its response was sent.
 */
final class StaleSnapshots {

  /**
   * The snapshots that noted something stale, by connection.
   *
   * @var array<string, \Causeway\Snapshots>
   */
  private array $noted = [];

  public function __construct(
    private readonly TagInvalidator $invalidator,
    private readonly ConnectionState $state,
    #[Autowire(service: 'logger.channel.causeway')]
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * Remembers that something of this connection is stale.
   */
  public function note(string $connection, Snapshots $snapshots): void {
    $this->noted[$connection] = $snapshots;
  }

  /**
   * Refreshes; the extension lets one worker of the host do it at a time.
   */
  public function refresh(): void {
    $noted = $this->noted;
    $this->noted = [];
    foreach ($noted as $connection => $snapshots) {
      try {
        $snapshots->refreshStale($this->invalidator->invalidate(...));
        $this->state->observe($connection);
      }
      catch (\Exception $e) {
        // The page was sent; the next one tries again.
        $this->logger->warning('Refreshing snapshots of @connection: @message', [
          '@connection' => $connection,
          '@message' => $e->getMessage(),
        ]);
      }
    }
  }

}
