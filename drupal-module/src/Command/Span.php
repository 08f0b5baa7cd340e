<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Which dead letters are replayed: one by its id, or all of a span of time.
 */
final readonly class Span {

  private function __construct(
    public ?int $sinceMs,
    public ?int $untilMs,
  ) {}

  /**
   * Understands the options --since and --until; says so when it cannot.
   *
   * @param \Symfony\Component\Console\Style\SymfonyStyle $io
   *   The console.
   * @param string|null $id
   *   The one that was named.
   * @param string|null $since
   *   A time, as PHP understands it.
   * @param string|null $until
   *   A time, as PHP understands it.
   */
  public static function of(SymfonyStyle $io, ?string $id, ?string $since, ?string $until): ?self {
    try {
      $span = new self(self::milliseconds($since), self::milliseconds($until));
    }
    catch (\DateMalformedStringException $e) {
      $io->getErrorStyle()->error($e->getMessage());
      return NULL;
    }
    if ($id === NULL && $span->sinceMs === NULL) {
      $io->getErrorStyle()->error('Name one by its id, or give --since.');
      return NULL;
    }
    return $span;
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
