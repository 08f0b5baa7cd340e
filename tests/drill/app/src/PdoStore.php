<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Store;

/**
 * Causeway's records in the application's own SQLite database, beside the application's tables.
 *
 * To be copied: this is all that an application needs so that an effect in one of its tables and
 * the mark "done" are one transaction. The rules that make it safe:
 *
 * - A claim is one conditional write (INSERT … ON CONFLICT DO NOTHING, UPDATE … WHERE version = ?),
 *   never a read followed by a write.
 * - A transaction begins with BEGIN IMMEDIATE: SQLite's deferred one fails with "database is
 *   locked" when it turns from reading to writing. One that is open is joined.
 * - What stands on disk stands: WAL with synchronous=FULL.
 * - Payloads have tables of their own, so that they can be erased before the rows that prove them.
 *
 * The names of tables and columns are fixed in here; nothing that a caller passes becomes SQL.
 */
final class PdoStore implements Store {

  private const KINDS = ['inbox', 'outbox', 'snapshot', 'cursor', 'switch'];

  private const COLUMNS = [
    'key', 'scope', 'label', 'state', 'version', 'due_at_ms', 'lease_until_ms', 'token', 'attempts',
    'checksum', 'created_at_ms', 'updated_at_ms', 'detail',
  ];

  /** What a replacement leaves as it was inserted. */
  private const FIXED = ['key', 'scope', 'label', 'created_at_ms'];

  /** Open calls of atomically() in this process. */
  private int $depth = 0;

  private function __construct(public readonly \PDO $pdo) {}

  /** Opens the database and makes the tables that are missing. */
  public static function open(string $path): self {
    $pdo = new \PDO('sqlite:' . $path, options: [
      \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION,
      \PDO::ATTR_DEFAULT_FETCH_MODE => \PDO::FETCH_ASSOC,
      \PDO::ATTR_STRINGIFY_FETCHES => FALSE,
      // Seconds; must come before the first statement, which may meet another process's lock.
      \PDO::ATTR_TIMEOUT => 10,
    ]);
    $pdo->exec('PRAGMA journal_mode = WAL');
    $pdo->exec('PRAGMA synchronous = FULL');
    $store = new self($pdo);
    $store->install();
    return $store;
  }

  public function nowMs(): int {
    return (int) (microtime(TRUE) * 1000);
  }

  public function insert(string $kind, array $record): bool {
    return $this->atomically(function () use ($kind, $record): bool {
      $columns = implode(', ', self::COLUMNS);
      $places = ':' . implode(', :', self::COLUMNS);
      $inserted = $this->run(
        "INSERT INTO {$this->table($kind)} ($columns) VALUES ($places) ON CONFLICT (key) DO NOTHING",
        $this->values($record),
      )->rowCount() === 1;
      if ($inserted) {
        $this->keepPayload($kind, $record);
      }
      return $inserted;
    });
  }

  public function read(string $kind, string $key): ?array {
    $table = $this->table($kind);
    $row = $this->run(
      "SELECT r.*, p.payload FROM $table r LEFT JOIN {$table}_payload p ON p.key = r.key WHERE r.key = ?",
      [$key],
    )->fetch();
    return $row === FALSE ? NULL : $row;
  }

  public function replace(string $kind, array $record, int $version): bool {
    return $this->atomically(function () use ($kind, $record, $version): bool {
      $changing = array_diff(self::COLUMNS, self::FIXED);
      $set = implode(', ', array_map(static fn (string $name): string => "$name = :$name", $changing));
      $values = ['version' => $version + 1] + $this->values($record);
      $values = array_intersect_key($values, array_flip([...$changing, 'key']));
      $replaced = $this->run(
        "UPDATE {$this->table($kind)} SET $set WHERE key = :key AND version = :expected",
        $values + ['expected' => $version],
      )->rowCount() === 1;
      if ($replaced) {
        $this->keepPayload($kind, $record);
      }
      return $replaced;
    });
  }

  public function find(string $kind, array $states, ?string $scope, bool $dueOnly, int $limit, ?array $after = NULL): array {
    [$where, $values] = $this->among('state', $states);
    if ($scope !== NULL) {
      $where .= ' AND scope = ?';
      $values[] = $scope;
    }
    if ($dueOnly) {
      $where .= ' AND due_at_ms <= ?';
      $values[] = $this->nowMs();
    }
    if ($after !== NULL) {
      $where .= ' AND due_at_ms >= ? AND (due_at_ms > ? OR key > ?)';
      array_push($values, $after['due_at_ms'], $after['due_at_ms'], $after['key']);
    }
    $values[] = $limit;
    $rows = $this->run(
      "SELECT * FROM {$this->table($kind)} WHERE $where ORDER BY due_at_ms, key LIMIT ?",
      $values,
    )->fetchAll();
    return array_map(static fn (array $row): array => $row + ['payload' => NULL], $rows);
  }

  public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {
    [$where, $values] = $this->among('state', $states);
    if ($scope !== NULL) {
      $where .= ' AND scope = ?';
      $values[] = $scope;
    }
    return (int) $this->run(
      "SELECT COUNT(*) FROM (SELECT 1 FROM {$this->table($kind)} WHERE $where LIMIT ?)",
      [...$values, max(0, $atMost)],
    )->fetchColumn();
  }

  public function counts(string $kind): array {
    return $this->run(
      "SELECT scope, state, COUNT(*) AS count, MIN(due_at_ms) AS oldest_due_at_ms FROM {$this->table($kind)} GROUP BY scope, state",
      [],
    )->fetchAll();
  }

  public function delete(string $kind, string $key): bool {
    return $this->atomically(function () use ($kind, $key): bool {
      $table = $this->table($kind);
      $this->run("DELETE FROM {$table}_payload WHERE key = ?", [$key]);
      return $this->run("DELETE FROM $table WHERE key = ?", [$key])->rowCount() === 1;
    });
  }

  public function purge(string $kind, array $states, int $beforeMs, int $limit): int {
    return $this->atomically(function () use ($kind, $states, $beforeMs, $limit): int {
      $table = $this->table($kind);
      [$where, $values] = $this->among('state', $states);
      $keys = $this->run(
        "SELECT key FROM $table WHERE $where AND updated_at_ms < ? ORDER BY updated_at_ms LIMIT ?",
        [...$values, $beforeMs, $limit],
      )->fetchAll(\PDO::FETCH_COLUMN);
      foreach ($keys as $key) {
        $this->delete($kind, $key);
      }
      return count($keys);
    });
  }

  public function atomically(callable $work): mixed {
    if ($this->depth > 0) {
      return $work();
    }
    $this->pdo->exec('BEGIN IMMEDIATE');
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
    $ready = $this->pdo->query("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'effects'")->fetchColumn();
    if ((int) $ready === 1) {
      return;
    }
    $this->atomically(function (): void {
      foreach (self::KINDS as $kind) {
        $table = $this->table($kind);
        $this->pdo->exec("CREATE TABLE IF NOT EXISTS $table (
          key TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL,
          version INTEGER NOT NULL, due_at_ms INTEGER NOT NULL, lease_until_ms INTEGER NOT NULL,
          token INTEGER NOT NULL, attempts INTEGER NOT NULL, checksum TEXT NOT NULL,
          created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID");
        $this->pdo->exec("CREATE INDEX IF NOT EXISTS {$table}_due ON $table (state, due_at_ms)");
        $this->pdo->exec("CREATE TABLE IF NOT EXISTS {$table}_payload (key TEXT NOT NULL PRIMARY KEY, payload BLOB NOT NULL)");
      }
      $this->pdo->exec('CREATE TABLE IF NOT EXISTS effects (
        id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, contact_id TEXT NOT NULL, at_ms INTEGER NOT NULL)');
    });
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
    $statement = $this->pdo->prepare(
      "INSERT INTO {$this->table($kind)}_payload (key, payload) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET payload = excluded.payload",
    );
    $statement->bindValue(1, $record['key']);
    $statement->bindValue(2, $record['payload'], \PDO::PARAM_LOB);
    $statement->execute();
  }

  /** @param array<string, mixed> $record @return array<string, mixed> */
  private function values(array $record): array {
    return array_intersect_key($record, array_flip(self::COLUMNS));
  }

  /** @param list<string> $values @return array{string, list<mixed>} */
  private function among(string $column, array $values): array {
    return [$column . ' IN (' . implode(', ', array_fill(0, count($values), '?')) . ')', array_values($values)];
  }

  /** @param array<int|string, mixed> $values */
  private function run(string $sql, array $values): \PDOStatement {
    $statement = $this->pdo->prepare($sql);
    foreach ($values as $name => $value) {
      $statement->bindValue(is_int($name) ? $name + 1 : ':' . $name, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
    }
    $statement->execute();
    return $statement;
  }

}
