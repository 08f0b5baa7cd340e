<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Causeway\Exception\CausewayException;
use Drupal\causeway\Exception\CausewayModuleExceptionInterface;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * What commands print: data on stdout, notes on stderr.
 */
final class Output {

  /**
   * The exit status of a wrong option.
   */
  public const int MISUSE = 2;

  /**
   * Prints JSON alone, or one line for each value.
   *
   * @param \Symfony\Component\Console\Style\SymfonyStyle $io
   *   The console.
   * @param string $format
   *   Text or json.
   * @param array<string, mixed>|\JsonSerializable $data
   *   What is to be told.
   */
  public static function data(SymfonyStyle $io, string $format, array|\JsonSerializable $data): void {
    $json = json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    if ($format === 'json') {
      $io->writeln($json);
      return;
    }
    foreach (json_decode($json, TRUE) as $name => $value) {
      $io->writeln($name . ': ' . (is_string($value) ? $value : json_encode($value, JSON_UNESCAPED_SLASHES)));
    }
  }

  /**
   * Does a command's work; says what the module or the extension refused.
   *
   * @param \Symfony\Component\Console\Style\SymfonyStyle $io
   *   The console.
   * @param \Closure(): int $work
   *   The work; its exit status.
   */
  public static function attempt(SymfonyStyle $io, \Closure $work): int {
    try {
      return $work();
    }
    catch (CausewayModuleExceptionInterface | CausewayException $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return Command::FAILURE;
    }
  }

  /**
   * Whether the format is one of ours; says so when it is not.
   */
  public static function accepts(SymfonyStyle $io, string $format): bool {
    if (in_array($format, ['text', 'json'], TRUE)) {
      return TRUE;
    }
    $io->getErrorStyle()->error(sprintf('--format must be text or json, got "%s".', $format));
    return FALSE;
  }

}
