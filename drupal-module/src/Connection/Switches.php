<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Causeway\Switches as NativeSwitches;

/**
 * Switches connections off and on.
 */
final class Switches {

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
  ) {}

  /**
   * Lets no call begin: within a second, in every process of every host.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When no module declares the connection.
   */
  public function pause(string $id, string $reason = ''): void {
    $this->native()->pause($this->connections->get($id)->id, $reason);
  }

  /**
   * Lets calls begin again.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When no module declares the connection.
   */
  public function resume(string $id): void {
    $this->native()->resume($this->connections->get($id)->id);
  }

  /**
   * What was ever switched.
   *
   * @return array<string, array{paused: bool, reason: string, since_ms: int}>
   *   By connection.
   */
  public function all(): array {
    return $this->native()->all();
  }

  /**
   * The switches in the database.
   */
  private function native(): NativeSwitches {
    $store = $this->clients->store();
    return new NativeSwitches($store);
  }

}
