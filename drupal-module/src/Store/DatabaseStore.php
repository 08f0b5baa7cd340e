<?php

declare(strict_types=1);

namespace Drupal\causeway\Store;

use Causeway\Exception\StoreException;
use Causeway\Store;
use Drupal\Core\Database\DatabaseException;

/**
 * The extension's durable records in Drupal's database.
 *
 * Can be loaded only with the extension, whose interface it implements: it is
 * made by ClientFactory and is no service. Failures of the database become
 * StoreExceptions, so that a webhook is answered 503 and repeated.
 */
final class DatabaseStore implements Store {

  public function __construct(
    private readonly Records $records,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function nowMs(): int {
    return $this->run(fn (): int => $this->records->nowMs());
  }

  /**
   * {@inheritdoc}
   */
  public function insert(string $kind, array $record): bool {
    return $this->run(fn (): bool => $this->records->insert($kind, $record));
  }

  /**
   * {@inheritdoc}
   */
  public function read(string $kind, string $key): ?array {
    return $this->run(fn (): ?array => $this->records->read($kind, $key));
  }

  /**
   * {@inheritdoc}
   */
  public function replace(string $kind, array $record, int $version): bool {
    return $this->run(fn (): bool => $this->records->replace($kind, $record, $version));
  }

  /**
   * {@inheritdoc}
   */
  public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload, ?array $after = NULL): array {
    return $this->run(fn (): array => $this->records->find($kind, $states, $scope, $dueUntilMs, $limit, $withPayload, $after));
  }

  /**
   * {@inheritdoc}
   */
  public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {
    return $this->run(fn (): int => $this->records->countUpTo($kind, $states, $scope, $atMost));
  }

  /**
   * {@inheritdoc}
   */
  public function counts(string $kind): array {
    return $this->run(fn (): array => $this->records->counts($kind));
  }

  /**
   * {@inheritdoc}
   */
  public function delete(string $kind, string $key): bool {
    return $this->run(fn (): bool => $this->records->delete($kind, $key));
  }

  /**
   * {@inheritdoc}
   */
  public function erase(string $kind, array $keys): int {
    return $this->run(fn (): int => $this->records->erase($kind, $keys));
  }

  /**
   * {@inheritdoc}
   */
  public function purge(string $kind, array $states, int $beforeMs, int $limit): int {
    return $this->run(fn (): int => $this->records->purge($kind, $states, $beforeMs, $limit));
  }

  /**
   * {@inheritdoc}
   */
  public function atomically(callable $work): mixed {
    return $this->run(fn (): mixed => $this->records->atomically($work));
  }

  /**
   * Runs it, with the database's exceptions turned into the store's.
   *
   * @param callable(): T $work
   *   A call of the records.
   *
   * @return T
   *   What it returned.
   *
   * @template T
   */
  private function run(callable $work): mixed {
    try {
      return $work();
    }
    catch (DatabaseException | \PDOException | \LengthException $e) {
      $exception = new StoreException('The database: ' . self::firstLine($e), 0, $e);
      $exception->reason = self::reason($e);
      throw $exception;
    }
  }

  /**
   * What can be done about it, from what PDO knows.
   */
  private static function reason(\Throwable $e): string {
    $pdo = $e;
    while ($pdo !== NULL && !$pdo instanceof \PDOException) {
      $pdo = $pdo->getPrevious();
    }
    if ($pdo === NULL) {
      return 'misuse';
    }
    $state = (string) ($pdo->errorInfo[0] ?? $pdo->getCode());
    $code = (int) ($pdo->errorInfo[1] ?? 0);
    return match (TRUE) {
      // Serialization failure, deadlock, lock not available; SQLite: busy.
      in_array($state, ['40001', '40P01', '55P03'], TRUE), in_array($code, [5, 6, 1205, 1213], TRUE) => 'busy',
      // Disk full; SQLite: full; MySQL: table full, disk full.
      $state === '53100', in_array($code, [13, 1021, 1114], TRUE) => 'full',
      // SQLite: corrupt, not a database.
      in_array($code, [11, 26], TRUE) => 'corrupt',
      default => 'unavailable',
    };
  }

  /**
   * A message without the query and its values, which core adds.
   */
  private static function firstLine(\Throwable $e): string {
    return preg_replace('/[:;]\s*(SELECT|INSERT|UPDATE|DELETE)\b.*$/s', '', $e->getMessage()) ?? '';
  }

}
