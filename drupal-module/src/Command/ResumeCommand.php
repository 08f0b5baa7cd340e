<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Connection\Switches;
use Drupal\causeway\Exception\CausewayModuleExceptionInterface;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Switches a connection on again.
 */
#[AsCommand(name: 'causeway:resume', description: 'Switches a connection on again.')]
final class ResumeCommand {

  public function __construct(
    private readonly Switches $switches,
  ) {}

  /**
   * Writes the switch of one connection.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
  ): int {
    try {
      $this->switches->resume($connection);
    }
    catch (CausewayModuleExceptionInterface $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Command::FAILURE;
    }
    $io->getErrorStyle()->writeln("$connection: resume");
    return Command::SUCCESS;
  }

}
