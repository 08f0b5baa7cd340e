<?php

declare(strict_types=1);

namespace Drupal\causeway\Outbox;

use Causeway\Outbox;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Store\Records;
use Drupal\Core\Site\Settings;
use Psr\Log\LoggerInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * The outboxes of the site: writes to vendors that are recorded first.
 */
final class Outboxes {

  /**
   * Writes that one step sends, between looks at the time.
   */
  private const int STEP = 10;

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly Records $records,
    private readonly Settings $settings,
    #[Autowire(service: 'logger.channel.causeway')]
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * The outbox of a connection.
   *
   * Within a transaction of Drupal's default database a write is recorded with
   * it, or not at all. A database that is older than it was is known by a mark
   * in the directory $settings['causeway']['outbox_mark_dir'].
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is not loaded.
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When the connection is unknown or has a bad option.
   */
  public function outbox(string $connection): Outbox {
    $mark_dir = $this->settings->get('causeway', [])['outbox_mark_dir'] ?? NULL;
    return new Outbox($this->clients->client($connection), $mark_dir === NULL ? [] : ['mark_dir' => $mark_dir]);
  }

  /**
   * Sends what is due, a few of each connection in turn.
   *
   * @param string|null $connection
   *   Only this connection.
   * @param float $timeLimitS
   *   No step begins after so many seconds.
   *
   * @return array{sent: int, failed: int, deferred: int, dead: int}
   *   What became of the writes that were due.
   */
  public function process(?string $connection = NULL, float $timeLimitS = 60.0): array {
    $until = hrtime(TRUE) + (int) ($timeLimitS * 1e9);
    $total = ['sent' => 0, 'failed' => 0, 'deferred' => 0, 'dead' => 0];
    $left = $connection === NULL ? $this->waiting() : [$connection];
    while ($left && hrtime(TRUE) < $until) {
      foreach ($left as $index => $id) {
        $step = $this->outbox($id)->process(self::STEP);
        foreach ($total as $name => $count) {
          $total[$name] = $count + $step[$name];
        }
        if ($step['dead'] > 0) {
          $this->logger->error('@count writes to @connection failed for the last time and are in the dead letters.', [
            '@count' => $step['dead'],
            '@connection' => $id,
          ]);
        }
        if ($step['sent'] + $step['failed'] + $step['dead'] === 0) {
          unset($left[$index]);
        }
      }
    }
    return $total;
  }

  /**
   * Which of these connections' outboxes are paused, and why.
   *
   * @param list<string> $connections
   *   Their ids; unknown ones are left out.
   *
   * @return array<string, string>
   *   The reasons by connection.
   */
  public function paused(array $connections): array {
    $paused = [];
    foreach (array_filter($connections, $this->connections->has(...)) as $id) {
      try {
        $paused[$id] = $this->outbox($id)->counts()['paused'];
      }
      catch (ConnectionException) {
        // The row of connections says what is wrong with it.
        continue;
      }
    }
    return array_filter($paused, static fn (?string $reason): bool => $reason !== NULL);
  }

  /**
   * The outboxes that hold anything.
   *
   * @return list<\Causeway\Outbox>
   *   Of connections that are declared.
   */
  public function used(): array {
    return array_map($this->outbox(...), $this->holding(static fn (): bool => TRUE));
  }

  /**
   * Connections in whose outbox something waits.
   *
   * @return list<string>
   *   Their ids.
   */
  private function waiting(): array {
    return $this->holding(static fn (string $state): bool => in_array($state, ['pending', 'claimed'], TRUE));
  }

  /**
   * Connections in whose outbox there is something in such a state.
   *
   * @param \Closure(string): bool $is_wanted
   *   Judges a state.
   *
   * @return list<string>
   *   The ids of those that are declared.
   */
  private function holding(\Closure $is_wanted): array {
    $holding = [];
    foreach ($this->records->counts('outbox') as $count) {
      if ($is_wanted($count['state']) && $this->connections->has($count['scope'])) {
        $holding[$count['scope']] = TRUE;
      }
    }
    return array_map(strval(...), array_keys($holding));
  }

}
