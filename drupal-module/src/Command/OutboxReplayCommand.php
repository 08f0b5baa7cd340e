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
 * Puts dead writes back in line, under the keys that they had.
 */
#[AsCommand(name: 'causeway:outbox:replay', description: 'Puts dead writes back in line, under the keys that they had.')]
final class OutboxReplayCommand {

  public function __construct(
    private readonly Outboxes $outboxes,
  ) {}

  /**
   * Fails where the one that was named is no dead write.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: "The write's id; left out, all that died within the span of time.")]
    ?string $id = NULL,
    #[Option(description: 'Died at this time or later: 2026-11-27T08:00:00+01:00, "yesterday".')]
    ?string $since = NULL,
    #[Option(description: 'Died at this time or earlier.')]
    ?string $until = NULL,
    #[Option(description: 'At most so many.')]
    int $limit = 10000,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    $span = Output::accepts($io, $format) ? Span::of($io, $id, $since, $until) : NULL;
    if ($span === NULL) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $id, $span, $limit, $format): int {
      $outbox = $this->outboxes->outbox($connection);
      $replayed = $id === NULL ? $outbox->replayAll($span->sinceMs, $span->untilMs, $limit) : (int) $outbox->replay($id);
      if ($id !== NULL && $replayed === 0) {
        $io->getErrorStyle()->error(sprintf('%s has no dead write "%s".', $connection, $id));
        return Command::FAILURE;
      }
      Output::data($io, $format, ['replayed' => $replayed]);
      return Command::SUCCESS;
    });
  }

}
