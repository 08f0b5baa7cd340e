<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Store;

/**
 * Causeway's records in the application's own database, beside the application's tables: SQLite, MariaDB or PostgreSQL.
 *
 * To be copied: this is all that an application needs so that an effect in one of its tables and
 * the mark "done" are one transaction. The rules that make it safe:
 *
 * - A claim is one conditional write (INSERT … ON CONFLICT DO NOTHING, UPDATE … WHERE version = ?),
 *   never a read followed by a write.
 * - Inside a transaction what is read is locked; what others have locked is left out of a search.
 * - A transaction that is open is joined.
 * - What stands on disk stands: with SQLite, WAL with synchronous=FULL.
 * - Payloads have tables of their own, so that they can be erased before the rows that prove them.
 *
 * The names of tables and columns are fixed in here; nothing that a caller passes becomes SQL.
 */
final class PdoStore implements Store {

  private const KINDS = ['inbox', 'outbox', 'snapshot', 'cursor', 'switch'];

  private const NUMBERS = ['version', 'due_at_ms', 'lease_until_ms', 'token', 'attempts', 'created_at_ms', 'updated_at_ms'];

  private const COLUMNS = ['key', 'scope', 'label', 'state', 'checksum', 'detail', ...self::NUMBERS];

  /** What a replacement leaves as it was inserted. */
  private const FIXED = ['key', 'scope', 'label', 'created_at_ms'];

  /** Open calls of atomically() in this process. */
  private int $depth = 0;

  /** @var array<string, \PDOStatement> */
  private array $prepared = [];

  private readonly PdoDialect $dialect;

  private function __construct(public readonly \PDO $pdo) {
    $this->dialect = PdoDialect::of($pdo);
  }

  /** Opens a SQLite database and makes the tables that are missing. */
  public static function open(string $path): self {
    // Seconds; must come before the first statement, which may meet another process's lock.
    return self::connect('sqlite:' . $path, options: [\PDO::ATTR_TIMEOUT => 10]);
  }

  /**
   * Connects to a database and makes the tables that are missing.
   *
   * @param array<int, mixed> $options
   */
  public static function connect(string $dsn, ?string $user = NULL, ?string $password = NULL, array $options = []): self {
    $pdo = new \PDO($dsn, $user, $password, $options + [
      \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION,
      \PDO::ATTR_DEFAULT_FETCH_MODE => \PDO::FETCH_ASSOC,
      \PDO::ATTR_STRINGIFY_FETCHES => FALSE,
      \PDO::ATTR_EMULATE_PREPARES => FALSE,
    ]);
    $store = new self($pdo);
    $store->dialect->prepare($pdo);
    $store->install();
    return $store;
  }

  public function nowMs(): int {
    return (int) $this->run($this->dialect->nowMs(), [])->fetchAll(\PDO::FETCH_COLUMN)[0];
  }

  public function insert(string $kind, array $record): bool {
    return $this->atomically(function () use ($kind, $record): bool {
      $names = implode(', ', array_map($this->dialect->name(...), self::COLUMNS));
      $places = ':' . implode(', :', self::COLUMNS);
      $inserted = $this->run(
        "INSERT INTO {$this->table($kind)} ($names) VALUES ($places) {$this->dialect->orNothing()}",
        $this->values($record, self::COLUMNS),
      )->rowCount() === 1;
      if ($inserted) {
        $this->keepPayload($kind, $record);
      }
      return $inserted;
    });
  }

  public function read(string $kind, string $key): ?array {
    $table = $this->table($kind);
    $name = $this->dialect->name('key');
    $lock = $this->depth > 0 ? $this->dialect->locking() : '';
    // All of it: a statement with rows left would keep SQLite's snapshot open.
    $rows = $this->run(
      "SELECT r.*, p.payload FROM $table r LEFT JOIN {$table}_payload p ON p.$name = r.$name WHERE r.$name = ? $lock",
      [$key],
    )->fetchAll();
    return $rows === [] ? NULL : self::record($rows[0]);
  }

  public function replace(string $kind, array $record, int $version): bool {
    $replace = function () use ($kind, $record, $version): bool {
      $changing = array_diff(self::COLUMNS, self::FIXED);
      $set = implode(', ', array_map(fn (string $name): string => $this->dialect->name($name) . " = :$name", $changing));
      $values = ['version' => $version + 1] + $this->values($record, [...$changing, 'key']);
      $replaced = $this->run(
        "UPDATE {$this->table($kind)} SET $set WHERE {$this->dialect->name('key')} = :key AND version = :expected",
        $values + ['expected' => $version],
      )->rowCount() === 1;
      if ($replaced) {
        $this->keepPayload($kind, $record);
      }
      return $replaced;
    };
    return isset($record['payload']) ? $this->atomically($replace) : $replace();
  }

  public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload, ?array $after = NULL): array {
    $table = $this->table($kind);
    $key = $this->dialect->name('key');
    $columns = $withPayload ? 'r.*, p.payload' : 'r.*';
    $join = $withPayload ? "LEFT JOIN {$table}_payload p ON p.$key = r.$key" : '';
    $ofScope = $scope === NULL ? '' : 'AND r.scope = ?';
    $lock = $this->depth > 0 ? $this->dialect->locking(TRUE) : '';
    $fromMs = $after['due_at_ms'] ?? PHP_INT_MIN;
    $found = [];
    // Each state is a stretch of an index that is in order already; several in one condition would be sorted as a whole.
    foreach ($states as $state) {
      $rows = $this->run(
        "SELECT $columns FROM $table r $join WHERE r.state = ? $ofScope AND r.due_at_ms <= ? AND r.due_at_ms >= ? AND (r.due_at_ms > ? OR r.$key > ?) ORDER BY r.due_at_ms, r.$key LIMIT ? $lock",
        [$state, ...($scope === NULL ? [] : [$scope]), $dueUntilMs ?? PHP_INT_MAX, $fromMs, $fromMs, $after['key'] ?? '', $limit],
      )->fetchAll();
      array_push($found, ...array_map(self::record(...), $rows));
    }
    usort($found, static fn (array $a, array $b): int => [$a['due_at_ms'], $a['key']] <=> [$b['due_at_ms'], $b['key']]);
    return array_slice($found, 0, $limit);
  }

  public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {
    $counted = 0;
    $ofScope = $scope === NULL ? '' : 'AND scope = ?';
    foreach ($states as $state) {
      $counted += (int) $this->run(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {$this->table($kind)} WHERE state = ? $ofScope LIMIT ?) counted",
        [$state, ...($scope === NULL ? [] : [$scope]), max(0, $atMost - $counted)],
      )->fetchAll(\PDO::FETCH_COLUMN)[0];
    }
    return $counted;
  }

  public function counts(string $kind): array {
    $rows = $this->run(
      "SELECT scope, state, COUNT(*) AS count, MIN(due_at_ms) AS oldest_due_at_ms FROM {$this->table($kind)} GROUP BY scope, state ORDER BY scope, state",
      [],
    )->fetchAll();
    return array_map(static fn (array $row): array => [
      'scope' => (string) $row['scope'],
      'state' => (string) $row['state'],
      'count' => (int) $row['count'],
      'oldest_due_at_ms' => (int) $row['oldest_due_at_ms'],
    ], $rows);
  }

  public function delete(string $kind, string $key): bool {
    return $this->deleteAll($kind, [$key]) === 1;
  }

  public function erase(string $kind, array $keys): int {
    return $keys === [] ? 0 : $this->run("DELETE FROM {$this->table($kind)}_payload WHERE {$this->among('key', $keys)}", $keys)->rowCount();
  }

  public function purge(string $kind, array $states, int $beforeMs, int $limit): int {
    return $this->atomically(function () use ($kind, $states, $beforeMs, $limit): int {
      $old = $this->find($kind, $states, NULL, $beforeMs - 1, $limit, FALSE);
      return $this->deleteAll($kind, array_column($old, 'key'));
    });
  }

  public function atomically(callable $work): mixed {
    if ($this->depth > 0) {
      return $work();
    }
    $this->pdo->exec($this->dialect->begin());
    $this->depth++;
    try {
      $result = $work();
      $this->pdo->exec('COMMIT');
      return $result;
    }
    catch (\Throwable $error) {
      $this->rollBack();
      throw $error;
    }
    finally {
      $this->depth--;
    }
  }

  /** A disk that is full may have ended the transaction already; its error must not hide the first one. */
  private function rollBack(): void {
    try {
      $this->pdo->exec('ROLLBACK');
    }
    catch (\PDOException) {
      // Nothing was committed, whichever of the two it was.
    }
  }

  /** The shop's own effect: one row for each time that an event was applied, on purpose without a unique key. */
  public function recordEffect(string $eventId, string $contactId): void {
    $this->run('INSERT INTO effects (event_id, contact_id, at_ms) VALUES (?, ?, ?)', [$eventId, $contactId, $this->nowMs()]);
  }

  private function install(): void {
    try {
      $this->pdo->query('SELECT 1 FROM effects LIMIT 1');
      return;
    }
    catch (\PDOException) {
      // Not there yet; a transaction that makes tables ends by itself on MariaDB, so there is none.
    }
    $type = $this->dialect->types();
    $key = $this->dialect->name('key');
    $numbers = implode(', ', array_map(static fn (string $name): string => "$name {$type['number']} NOT NULL", self::NUMBERS));
    foreach (self::KINDS as $kind) {
      $table = $this->table($kind);
      foreach ([
        "CREATE TABLE IF NOT EXISTS $table ($key {$type['key']} NOT NULL PRIMARY KEY, scope {$type['word']} NOT NULL, label {$type['text']} NOT NULL, state {$type['word']} NOT NULL, checksum {$type['word']} NOT NULL, detail {$type['text']} NOT NULL, $numbers)",
        "CREATE TABLE IF NOT EXISTS {$table}_payload ($key {$type['key']} NOT NULL PRIMARY KEY, payload {$type['bytes']} NOT NULL)",
        "CREATE INDEX IF NOT EXISTS {$table}_due ON $table (state, due_at_ms)",
        "CREATE INDEX IF NOT EXISTS {$table}_scope ON $table (scope, state, due_at_ms)",
      ] as $statement) {
        $this->pdo->exec($statement);
      }
    }
    $this->pdo->exec("CREATE TABLE IF NOT EXISTS effects (id {$type['serial']}, event_id {$type['word']} NOT NULL, contact_id {$type['word']} NOT NULL, at_ms {$type['number']} NOT NULL)");
  }

  private function table(string $kind): string {
    if (!in_array($kind, self::KINDS, TRUE)) {
      throw new \DomainException(sprintf('There is no kind "%s" of records.', $kind));
    }
    return 'causeway_' . $kind;
  }

  /** A payload of NULL leaves the one that is stored. @param array<string, mixed> $record */
  private function keepPayload(string $kind, array $record): void {
    if (($record['payload'] ?? NULL) === NULL) {
      return;
    }
    $name = $this->dialect->name('key');
    $statement = $this->statement("INSERT INTO {$this->table($kind)}_payload ($name, payload) VALUES (?, ?) {$this->dialect->orPayload()}");
    $statement->bindValue(1, $record['key']);
    $statement->bindValue(2, $record['payload'], \PDO::PARAM_LOB);
    $statement->execute();
  }

  /** @param list<string> $keys */
  private function deleteAll(string $kind, array $keys): int {
    if ($keys === []) {
      return 0;
    }
    return $this->atomically(function () use ($kind, $keys): int {
      $this->erase($kind, $keys);
      return $this->run("DELETE FROM {$this->table($kind)} WHERE {$this->among('key', $keys)}", $keys)->rowCount();
    });
  }

  /** @param array<string, mixed> $row @return array<string, mixed> */
  private static function record(array $row): array {
    foreach (self::NUMBERS as $name) {
      $row[$name] = (int) $row[$name];
    }
    $payload = $row['payload'] ?? NULL;
    $row['payload'] = is_resource($payload) ? stream_get_contents($payload) : $payload;
    return $row;
  }

  /** @param array<string, mixed> $record @param list<string> $columns @return array<string, mixed> */
  private function values(array $record, array $columns): array {
    return array_intersect_key($record, array_flip($columns));
  }

  /** @param list<string> $values */
  private function among(string $column, array $values): string {
    return $this->dialect->name($column) . ' IN (' . implode(', ', array_fill(0, count($values), '?')) . ')';
  }

  private function statement(string $sql): \PDOStatement {
    return $this->prepared[$sql] ??= $this->pdo->prepare($sql);
  }

  /** @param array<int|string, mixed> $values */
  private function run(string $sql, array $values): \PDOStatement {
    $statement = $this->statement($sql);
    foreach ($values as $name => $value) {
      $statement->bindValue(is_int($name) ? $name + 1 : ':' . $name, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
    }
    $statement->execute();
    return $statement;
  }

}
