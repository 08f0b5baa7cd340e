<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Causeway\Metrics;
use Drupal\causeway\Snapshot\TagInvalidator;
use Drupal\Core\State\StateInterface;

/**
 * Remembers which connections are down, and tells the page cache of a change.
 *
 * The cache of anonymous pages looks at tags and Expires alone, so a banner
 * would stay. Only an open and a closed breaker are states: a connection that
 * is being probed, or that fails now and then, invalidates nothing.
 */
final class ConnectionState {

  public function __construct(
    private readonly StateInterface $state,
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly TagInvalidator $invalidator,
  ) {}

  /**
   * Compares the breaker with what is remembered.
   */
  public function observe(string $id): void {
    $breaker = Metrics::connection($id, $this->clients->namespace())['breaker_state'];
    $down = match ($breaker) {
      'open' => TRUE,
      'closed' => FALSE,
      default => NULL,
    };
    $known = $this->isDown($id);
    if ($down === NULL || $down === $known) {
      return;
    }
    $down ? $this->state->set($this->key($id), TRUE) : $this->state->delete($this->key($id));
    $this->invalidator->invalidate([$this->connections->get($id)->stateTag()]);
  }

  /**
   * Whether the connection was down when it was last looked at.
   */
  public function isDown(string $id): bool {
    return (bool) $this->state->get($this->key($id), FALSE);
  }

  /**
   * The key of what is remembered.
   */
  private function key(string $id): string {
    return "causeway.down.$id";
  }

}
