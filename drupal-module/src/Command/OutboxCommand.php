<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Outbox\Outboxes;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Shows what waits in an outbox, whether it is paused, and its dead letters.
 */
#[AsCommand(name: 'causeway:outbox', description: 'Shows an outbox and its dead letters.')]
final class OutboxCommand {

  public function __construct(
    private readonly Outboxes $outboxes,
  ) {}

  /**
   * Counts, and the longest dead first.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Option(description: 'At most so many dead letters.')]
    int $limit = 50,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $limit, $format): int {
      $outbox = $this->outboxes->outbox($connection);
      $shown = $outbox->counts() + ['dead_letters' => $outbox->deadLetters($limit)];
      if ($format === 'json') {
        Output::data($io, $format, $shown);
        return Command::SUCCESS;
      }
      Output::data($io, $format, array_diff_key($shown, ['dead_letters' => TRUE]));
      $rows = array_map(static fn (array $letter): array => [
        $letter['id'],
        $letter['method'] . ' ' . $letter['target'],
        gmdate('c', intdiv($letter['updated_at_ms'], 1000)),
        $letter['attempts'],
        $letter['error'],
      ], $shown['dead_letters']);
      $rows && $io->table(['Id', 'Write', 'Died', 'Attempts', 'Last error'], $rows);
      return Command::SUCCESS;
    });
  }

}
