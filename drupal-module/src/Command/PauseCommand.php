<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Connection\Switches;
use Drupal\causeway\Exception\CausewayModuleExceptionInterface;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Switches a connection off: no call begins, pages go on.
 */
#[AsCommand(name: 'causeway:pause', description: 'Switches a connection off: no call begins, pages go on.')]
final class PauseCommand {

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
    #[Option(description: 'Why, for those who look.')]
    string $reason = '',
  ): int {
    try {
      $this->switches->pause($connection, $reason);
    }
    catch (CausewayModuleExceptionInterface $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Command::FAILURE;
    }
    $io->getErrorStyle()->writeln("$connection: pause");
    return Command::SUCCESS;
  }

}
