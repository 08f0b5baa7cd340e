<?php

declare(strict_types=1);

namespace Drupal\causeway\Store;

use Causeway\Ledger;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Outbox\Outboxes;
use Drupal\Core\Site\Settings;

/**
 * How long what was done is kept: payloads, and the rows that prove it.
 *
 * Dead letters and what waits are kept until somebody decides.
 */
final readonly class Retention {

  /**
   * Payloads, which may be personal, go sooner than rows.
   */
  private const array DAYS = ['payload_days' => 7, 'row_days' => 30];

  /**
   * No sender repeats for longer; a row that went would make a repeat new.
   */
  private const int ROW_DAYS_AT_LEAST = 4;

  /**
   * Rows of one step, and steps of one cleaning.
   */
  private const int STEP = 1000;
  private const int STEPS = 20;

  private const int DAY_S = 86400;

  public function __construct(
    private ClientFactory $clients,
    private Outboxes $outboxes,
    private Settings $settings,
  ) {}

  /**
   * Erases payloads and deletes rows that were kept for long enough.
   *
   * How long is in $settings['causeway']['retention']: payload_days, row_days.
   *
   * @return int
   *   The rows that went.
   */
  public function clean(): int {
    $days = ($this->settings->get('causeway', [])['retention'] ?? []) + self::DAYS;
    $payload_s = max(0, (int) $days['payload_days']) * self::DAY_S;
    $row_s = max(self::ROW_DAYS_AT_LEAST, (int) $days['row_days']) * self::DAY_S;
    $purged = 0;
    foreach ([new Ledger($this->clients->store()), ...$this->outboxes->used()] as $kept) {
      self::inSteps(static fn (): int => $kept->erasePayloads($payload_s, self::STEP));
      $purged += self::inSteps(static fn (): int => $kept->purge($row_s, self::STEP));
    }
    return $purged;
  }

  /**
   * Repeats a step until little is left, a bounded number of times.
   *
   * @param \Closure(): int $step
   *   Returns how many rows it had to do with.
   *
   * @return int
   *   The rows of all steps.
   */
  private static function inSteps(\Closure $step): int {
    $sum = 0;
    for ($steps = 0; $steps < self::STEPS; $steps++) {
      $rows = $step();
      $sum += $rows;
      if ($rows < self::STEP) {
        break;
      }
    }
    return $sum;
  }

}
