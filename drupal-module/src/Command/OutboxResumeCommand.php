<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Outbox\Outboxes;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Lets an outbox send again that was paused, as after a restored backup.
 */
#[AsCommand(name: 'causeway:outbox:resume', description: 'Lets a paused outbox send again, also what is left from before.')]
final class OutboxResumeCommand {

  public function __construct(
    private readonly Outboxes $outboxes,
  ) {}

  /**
   * Resumes the outbox of one connection.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
  ): int {
    return Output::attempt($io, function () use ($io, $connection): int {
      $this->outboxes->outbox($connection)->resume();
      $io->getErrorStyle()->writeln("$connection: outbox resume");
      return Command::SUCCESS;
    });
  }

}
