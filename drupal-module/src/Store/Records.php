<?php

declare(strict_types=1);

namespace Drupal\causeway\Store;

use Drupal\Core\Database\Connection;
use Drupal\Core\Database\Query\SelectInterface;
use Drupal\Core\Database\Statement\FetchAs;
use Drupal\Core\Database\Transaction;

/**
 * Records in the site's database, as \Causeway\Store describes them.
 *
 * Every change is one conditional statement, or a transaction that begins with
 * one. Works without the extension, so that snapshots stay readable; the class
 * that gives it to the extension is DatabaseStore.
 */
final class Records {

  public function __construct(
    private readonly Connection $database,
    private readonly Dialect $dialect,
  ) {}

  /**
   * The database's own clock, Unix milliseconds.
   */
  public function nowMs(): int {
    return (int) $this->database->query($this->dialect->nowMs())->fetchField();
  }

  /**
   * Inserts unless the key is there; TRUE when inserted.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param array<string, mixed> $record
   *   All columns, and perhaps a payload.
   */
  public function insert(string $kind, array $record): bool {
    $payload = $record['payload'] ?? NULL;
    if ($payload === NULL) {
      return $this->insertRow($kind, $record);
    }
    return $this->atomically(function () use ($kind, $record, $payload): bool {
      if (!$this->insertRow($kind, $record)) {
        return FALSE;
      }
      $this->database->insert(Schema::table($kind, TRUE))
        ->fields(['key' => $record['key'], 'payload' => $payload])
        ->execute();
      return TRUE;
    });
  }

  /**
   * The record with its payload, locked when a transaction is open.
   *
   * @return array<string, mixed>|null
   *   The record, NULL when there is none.
   */
  public function read(string $kind, string $key): ?array {
    if (!$this->database->inTransaction()) {
      $query = $this->select($kind);
      $query->condition('r.key', $key);
      $query->leftJoin(Schema::table($kind, TRUE), 'p', '[p].[key] = [r].[key]');
      $query->addField('p', 'payload');
      $row = $query->execute()->fetchAssoc();
      return $row ? self::fromRow($row) : NULL;
    }
    $query = $this->select($kind);
    $query->forUpdate();
    $query->condition('r.key', $key);
    $row = $query->execute()->fetchAssoc();
    if (!$row) {
      return NULL;
    }
    $payload = $this->database->select(Schema::table($kind, TRUE), 'p')
      ->fields('p', ['payload'])->condition('p.key', $key)->execute()->fetchField();
    return self::fromRow($row + ['payload' => $payload === FALSE ? NULL : $payload]);
  }

  /**
   * The record with this scope and label, whatever its key; for readers only.
   *
   * @return array<string, mixed>|null
   *   The record with its payload, NULL when there is none.
   */
  public function readByLabel(string $kind, string $scope, string $label): ?array {
    $key = $this->database->select(Schema::table($kind), 'r')
      ->fields('r', ['key'])->condition('r.scope', $scope)->condition('r.label', $label)
      ->range(0, 1)->execute()->fetchField();
    return $key === FALSE ? NULL : $this->read($kind, (string) $key);
  }

  /**
   * Replaces the record if its version is still this one; TRUE when replaced.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param array<string, mixed> $record
   *   All columns; a payload of NULL leaves the stored one.
   * @param int $version
   *   The version that was read.
   */
  public function replace(string $kind, array $record, int $version): bool {
    $fields = array_diff_key($this->toRow($record), [
      'key' => TRUE,
      'scope' => TRUE,
      'label' => TRUE,
      'created_at_ms' => TRUE,
    ]);
    $fields['version'] = $version + 1;
    $update = fn (): bool => (bool) $this->database->update(Schema::table($kind))
      ->fields($fields)->condition('key', $record['key'])->condition('version', $version)->execute();
    if (!isset($record['payload'])) {
      return $update();
    }
    return $this->atomically(function () use ($update, $kind, $record): bool {
      if (!$update()) {
        return FALSE;
      }
      // The row above is locked now, so that nobody inserts in between.
      $table = Schema::table($kind, TRUE);
      $payload = ['payload' => $record['payload']];
      if (!$this->database->update($table)->fields($payload)->condition('key', $record['key'])->execute()) {
        $this->database->insert($table)->fields($payload + ['key' => $record['key']])->execute();
      }
      return TRUE;
    });
  }

  /**
   * Records, those first that are due first.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param list<string> $states
   *   The states to look for.
   * @param string|null $scope
   *   Only this scope.
   * @param int|null $dueUntilMs
   *   Due at this time or earlier, Unix milliseconds.
   * @param int $limit
   *   At most so many.
   * @param bool $withPayload
   *   Payloads too.
   * @param array{due_at_ms: int, key: string}|null $after
   *   Only what comes behind this one in that order.
   *
   * @return list<array<string, mixed>>
   *   The records.
   */
  public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload = FALSE, ?array $after = NULL): array {
    if (!$states || $limit < 1) {
      return [];
    }
    $found = [];
    // Each state is a stretch of an index that is in order already; several
    // states in one condition would be collected and sorted as a whole.
    foreach ($states as $state) {
      $query = $this->select($kind)->condition('r.state', $state)
        ->orderBy('r.due_at_ms')->orderBy('r.key')->range(0, $limit);
      if ($scope !== NULL) {
        $query->condition('r.scope', $scope);
      }
      if ($after !== NULL) {
        $query->condition('r.due_at_ms', $after['due_at_ms'], '>=');
        $query->condition($query->orConditionGroup()
          ->condition('r.due_at_ms', $after['due_at_ms'], '>')
          ->condition('r.key', $after['key'], '>'));
      }
      if ($dueUntilMs !== NULL) {
        $query->condition('r.due_at_ms', $dueUntilMs, '<=');
      }
      if ($withPayload) {
        $query->leftJoin(Schema::table($kind, TRUE), 'p', '[p].[key] = [r].[key]');
        $query->addField('p', 'payload');
      }
      foreach ($query->execute()->fetchAll(FetchAs::Associative) as $row) {
        $found[] = self::fromRow($row);
      }
    }
    usort($found, static fn (array $a, array $b): int => [$a['due_at_ms'], $a['key']] <=> [$b['due_at_ms'], $b['key']]);
    return array_slice($found, 0, $limit);
  }

  /**
   * How many records there are in these states, counted up to a bound.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param list<string> $states
   *   The states to look for.
   * @param string|null $scope
   *   Only this scope.
   * @param int $atMost
   *   Where counting stops.
   */
  public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {
    if (!$states || $atMost < 1) {
      return 0;
    }
    $query = $this->database->select(Schema::table($kind), 'r')->fields('r', ['key'])
      ->condition('r.state', $states, 'IN')->range(0, $atMost);
    if ($scope !== NULL) {
      $query->condition('r.scope', $scope);
    }
    return (int) $query->countQuery()->execute()->fetchField();
  }

  /**
   * How many records there are in each scope and state.
   *
   * @return list<array{scope: string, state: string, count: int, oldest_due_at_ms: int}>
   *   The counts.
   */
  public function counts(string $kind): array {
    $table = Schema::table($kind);
    $counts = [];
    foreach ($this->database->query("SELECT [scope], [state], COUNT(*) AS [count], MIN([due_at_ms]) AS [oldest] FROM {{$table}} GROUP BY [scope], [state] ORDER BY [scope], [state]") as $row) {
      $counts[] = [
        'scope' => (string) $row->scope,
        'state' => (string) $row->state,
        'count' => (int) $row->count,
        'oldest_due_at_ms' => (int) $row->oldest,
      ];
    }
    return $counts;
  }

  /**
   * Deletes a record with its payload; TRUE when there was one.
   */
  public function delete(string $kind, string $key): bool {
    return $this->deleteKeys($kind, [$key]) > 0;
  }

  /**
   * Deletes the payloads of these records; how many had one.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param list<string> $keys
   *   The keys.
   */
  public function erase(string $kind, array $keys): int {
    return $keys ? (int) $this->database->delete(Schema::table($kind, TRUE))->condition('key', $keys, 'IN')->execute() : 0;
  }

  /**
   * Deletes records in these states that were due before; how many.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param list<string> $states
   *   The states to look for.
   * @param int $beforeMs
   *   Unix milliseconds.
   * @param int $limit
   *   At most so many.
   */
  public function purge(string $kind, array $states, int $beforeMs, int $limit): int {
    if (!$states || $limit < 1) {
      return 0;
    }
    return $this->atomically(function () use ($kind, $states, $beforeMs, $limit): int {
      $query = $this->database->select(Schema::table($kind), 'r')->fields('r', ['key'])
        ->range(0, $limit);
      $query->forUpdate();
      $query->condition('r.state', $states, 'IN')->condition('r.due_at_ms', $beforeMs, '<');
      $keys = $query->execute()->fetchCol();
      return $keys ? $this->deleteKeys($kind, $keys) : 0;
    });
  }

  /**
   * Runs the work in one transaction, or in the one that is open.
   *
   * Core begins SQLite's transactions as writers (BEGIN IMMEDIATE), so that
   * none fails at once for having read first.
   *
   * @param callable(): T $work
   *   What is done or undone as a whole.
   *
   * @return T
   *   What the work returned.
   *
   * @template T
   */
  public function atomically(callable $work): mixed {
    if ($this->database->inTransaction()) {
      return $work();
    }
    $transaction = $this->database->startTransaction();
    try {
      $result = $work();
    }
    catch (\Throwable $e) {
      $this->rollBack($transaction);
      throw $e;
    }
    // Its destructor would also commit, but could not tell of a failure.
    $transaction->commitOrRelease();
    return $result;
  }

  /**
   * Rolls back, also where the database has done so by itself.
   *
   * SQLite does when the disk is full; core would then throw here, which hides
   * why, and again when it commits at the end of the request.
   */
  private function rollBack(Transaction $transaction): void {
    try {
      $transaction->rollBack();
    }
    catch (\PDOException) {
      $this->database->transactionManager()->voidClientTransaction();
    }
  }

  /**
   * Inserts the row alone; TRUE when it was not there.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param array<string, mixed> $record
   *   All columns.
   */
  private function insertRow(string $kind, array $record): bool {
    $row = $this->toRow($record);
    $arguments = [];
    foreach ($row as $column => $value) {
      $arguments[":$column"] = $value;
    }
    $statement = $this->database->prepareStatement($this->dialect->insertIfAbsent(Schema::table($kind), array_keys($row)), [], TRUE);
    try {
      $statement->execute($arguments, []);
    }
    catch (\Exception $e) {
      $this->database->exceptionHandler()->handleExecutionException($e, $statement, $arguments, []);
    }
    return $statement->rowCount() > 0;
  }

  /**
   * Deletes records by key.
   *
   * @param string $kind
   *   One of Schema::KINDS.
   * @param list<string> $keys
   *   The keys.
   */
  private function deleteKeys(string $kind, array $keys): int {
    return $this->atomically(function () use ($kind, $keys): int {
      $deleted = $this->database->delete(Schema::table($kind))->condition('key', $keys, 'IN')->execute();
      $this->database->delete(Schema::table($kind, TRUE))->condition('key', $keys, 'IN')->execute();
      return (int) $deleted;
    });
  }

  /**
   * A query for the columns of a kind.
   */
  private function select(string $kind): SelectInterface {
    return $this->database->select(Schema::table($kind), 'r')->fields('r', Schema::COLUMNS);
  }

  /**
   * The columns that are stored.
   *
   * @param array<string, mixed> $record
   *   A record.
   *
   * @return array<string, string|int>
   *   The columns of a record.
   */
  private function toRow(array $record): array {
    $row = array_intersect_key($record, array_flip(Schema::COLUMNS));
    if (strlen((string) $row['scope']) > 255) {
      // MySQL would cut it silently where an insert ignores duplicates.
      throw new \LengthException('A scope has at most 255 bytes.');
    }
    return $row;
  }

  /**
   * The record as the database returned it.
   *
   * @param array<string, mixed> $row
   *   A row.
   *
   * @return array<string, mixed>
   *   The record.
   */
  private static function fromRow(array $row): array {
    foreach (Schema::NUMBERS as $column) {
      $row[$column] = (int) $row[$column];
    }
    $payload = $row['payload'] ?? NULL;
    $row['payload'] = is_resource($payload) ? stream_get_contents($payload) : $payload;
    return $row;
  }

}
