<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Outbox\Outboxes;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Throws a dead write away, so that what waits behind it goes.
 */
#[AsCommand(name: 'causeway:outbox:discard', description: 'Throws a dead write away, so that what waits behind it goes.')]
final class OutboxDiscardCommand {

  public function __construct(
    private readonly Outboxes $outboxes,
  ) {}

  /**
   * Fails where there is no dead write of this id.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: "The write's id.")]
    string $id,
  ): int {
    return Output::attempt($io, function () use ($io, $connection, $id): int {
      if (!$this->outboxes->outbox($connection)->discard($id)) {
        $io->getErrorStyle()->error(sprintf('%s has no dead write "%s".', $connection, $id));
        return Command::FAILURE;
      }
      $io->getErrorStyle()->writeln("$connection: discard $id");
      return Command::SUCCESS;
    });
  }

}
