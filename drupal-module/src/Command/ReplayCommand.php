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
 * Puts dead letters of an inbox back in line: one, or those of a span of time.
 */
#[AsCommand(name: 'causeway:replay', description: 'Puts dead letters of an inbox back in line.')]
final class ReplayCommand {

  public function __construct(
    private readonly ClientFactory $clients,
  ) {}

  /**
   * Fails where the one that was named is no dead letter.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: "The event's id; left out, all that died within the span of time.")]
    ?string $event = NULL,
    #[Option(description: 'Died at this time or later: 2026-11-27T08:00:00+01:00, "yesterday".')]
    ?string $since = NULL,
    #[Option(description: 'Died at this time or earlier.')]
    ?string $until = NULL,
    #[Option(description: 'At most so many.')]
    int $limit = 10000,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    $span = Output::accepts($io, $format) ? Span::of($io, $event, $since, $until) : NULL;
    if ($span === NULL) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $event, $span, $limit, $format): int {
      $ledger = $this->clients->inbox($connection)->ledger();
      $replayed = $event === NULL
        ? $ledger->replayAll($connection, $span->sinceMs, $span->untilMs, $limit)
        : (int) $ledger->replay($connection, $event);
      if ($event !== NULL && $replayed === 0) {
        $io->getErrorStyle()->error(sprintf('%s has no dead letter "%s".', $connection, $event));
        return Command::FAILURE;
      }
      Output::data($io, $format, ['replayed' => $replayed]);
      return Command::SUCCESS;
    });
  }

}
