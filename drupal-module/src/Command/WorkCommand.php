<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Inbox\InboxProcessor;
use Drupal\causeway\Inbox\Processed;
use Drupal\causeway\Outbox\Outboxes;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Processes webhooks that are due, and sends writes that are due.
 */
#[AsCommand(name: 'causeway:work', description: 'Processes webhooks that are due, and sends writes that are due.')]
final class WorkCommand {

  /**
   * Pause between looks at an empty inbox, milliseconds.
   */
  private const int POLL_MS = 200;

  /**
   * A turn of the inboxes, and one of the outboxes, with --keep-running.
   */
  private const float TURN_S = 2.0;

  public function __construct(
    private readonly InboxProcessor $processor,
    private readonly Outboxes $outboxes,
  ) {}

  /**
   * Works until nothing is due, or until the time limit with --keep-running.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Option(description: 'Only this connection.')]
    ?string $connection = NULL,
    #[Option(description: 'At most so many events of each connection.')]
    int $limit = 1000,
    #[Option(description: 'Seconds after which no step begins.', name: 'time-limit-s')]
    int $timeLimitS = 60,
    #[Option(description: 'Wait for more until the time limit.', name: 'keep-running')]
    bool $keepRunning = FALSE,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $limit, $timeLimitS, $keepRunning, $format): int {
      $until = hrtime(TRUE) + $timeLimitS * 1_000_000_000;
      $total = new Processed();
      $sent = 0;
      do {
        $left_s = max(0.0, ($until - hrtime(TRUE)) / 1e9);
        // Turns of the same length, where both have more to do than that.
        $turn_s = $keepRunning ? min($left_s, self::TURN_S) : $left_s;
        $step = $this->processor->process($connection, $limit, $turn_s);
        $total = $total->plus($step);
        $relayed = $this->outboxes->process($connection, $turn_s);
        $sent += $relayed['sent'];
        if ($keepRunning && $step->isIdle() && $relayed['sent'] === 0) {
          usleep(self::POLL_MS * 1000);
        }
      } while ($keepRunning && hrtime(TRUE) < $until);
      Output::data($io, $format, $total->jsonSerialize() + ['sent' => $sent]);
      return Command::SUCCESS;
    });
  }

}
