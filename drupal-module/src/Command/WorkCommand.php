<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Exception\CausewayModuleExceptionInterface;
use Drupal\causeway\Inbox\InboxProcessor;
use Drupal\causeway\Inbox\Processed;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Processes webhooks that are due.
 */
#[AsCommand(name: 'causeway:work', description: 'Processes webhooks that are due.')]
final class WorkCommand {

  /**
   * Pause between looks at an empty inbox, milliseconds.
   */
  private const int POLL_MS = 200;

  public function __construct(
    private readonly InboxProcessor $processor,
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
    $until = hrtime(TRUE) + $timeLimitS * 1_000_000_000;
    $total = new Processed();
    try {
      do {
        $step = $this->processor->process($connection, $limit, max(0.0, ($until - hrtime(TRUE)) / 1e9));
        $total = $total->plus($step);
        if ($keepRunning && $step->isIdle()) {
          usleep(self::POLL_MS * 1000);
        }
      } while ($keepRunning && hrtime(TRUE) < $until);
    }
    catch (CausewayModuleExceptionInterface $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Command::FAILURE;
    }
    Output::data($io, $format, $total);
    return Command::SUCCESS;
  }

}
