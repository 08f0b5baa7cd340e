<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Connection\ClientFactory;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Shows an event of an inbox, or the dead letters of all its events.
 */
#[AsCommand(name: 'causeway:event', description: 'Shows an event of an inbox, or its dead letters.')]
final class EventCommand {

  public function __construct(
    private readonly ClientFactory $clients,
  ) {}

  /**
   * Redacted fields are shown to nobody.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: "The event's id; left out, the dead letters, the longest dead first.")]
    ?string $event = NULL,
    #[Option(description: 'At most so many dead letters.')]
    int $limit = 50,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $event, $limit, $format): int {
      $inbox = $this->clients->inbox($connection);
      $shown = $event === NULL ? $inbox->ledger()->deadLetters($connection, $limit) : $inbox->event($event);
      if ($shown === NULL) {
        $io->getErrorStyle()->error(sprintf('%s has no event "%s".', $connection, $event));
        return Command::FAILURE;
      }
      if ($event === NULL && $format === 'text') {
        $rows = array_map(static fn (array $letter): array => [
          $letter['event_id'],
          gmdate('c', intdiv($letter['updated_at_ms'], 1000)),
          $letter['attempts'],
          $letter['error'],
        ], $shown);
        $io->table(['Event', 'Died', 'Attempts', 'Last error'], $rows);
        return Command::SUCCESS;
      }
      Output::data($io, $format, $shown);
      return Command::SUCCESS;
    });
  }

}
