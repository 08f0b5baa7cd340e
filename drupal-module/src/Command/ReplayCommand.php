<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Causeway\Exception\CausewayException;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Exception\CausewayModuleExceptionInterface;
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
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    try {
      [$since_ms, $until_ms] = [self::milliseconds($since), self::milliseconds($until)];
    }
    catch (\DateMalformedStringException $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Output::MISUSE;
    }
    if ($event === NULL && $since_ms === NULL) {
      $io->getErrorStyle()->error('Name an event, or give --since.');
      return Output::MISUSE;
    }
    try {
      $ledger = $this->clients->inbox($connection)->ledger();
      $replayed = $event === NULL
        ? $ledger->replayAll($connection, $since_ms, $until_ms, $limit)
        : (int) $ledger->replay($connection, $event);
    }
    catch (CausewayModuleExceptionInterface | CausewayException $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Command::FAILURE;
    }
    Output::data($io, $format, ['replayed' => $replayed]);
    return $event === NULL || $replayed > 0 ? Command::SUCCESS : Command::FAILURE;
  }

  /**
   * A time in Unix milliseconds.
   *
   * @throws \DateMalformedStringException
   *   When it cannot be understood.
   */
  private static function milliseconds(?string $time): ?int {
    return $time === NULL ? NULL : (int) (new \DateTimeImmutable($time))->format('Uv');
  }

}
