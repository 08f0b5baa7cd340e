<?php

declare(strict_types=1);

namespace Shop;

/** What SQLite, MariaDB and PostgreSQL say differently. */
enum PdoDialect: string {

  case Sqlite = 'sqlite';
  case MariaDb = 'mysql';
  case PostgreSql = 'pgsql';

  public static function of(\PDO $pdo): self {
    return self::from($pdo->getAttribute(\PDO::ATTR_DRIVER_NAME));
  }

  /** What a new connection is told; a transaction that reads must see what others have committed by then. */
  public function prepare(\PDO $pdo): void {
    match ($this) {
      self::Sqlite => $pdo->exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL'),
      // Its default also locks the gaps where rows could be: two inserts of new rows would wait for each other.
      self::MariaDb => $pdo->exec("SET SESSION tx_isolation = 'READ-COMMITTED', SESSION sql_mode = 'STRICT_ALL_TABLES'"),
      self::PostgreSql => NULL,
    };
  }

  /** SQLite's deferred transaction fails with "database is locked" when it turns from reading to writing. */
  public function begin(): string {
    return $this === self::Sqlite ? 'BEGIN IMMEDIATE' : 'START TRANSACTION';
  }

  /** The clock that all clients of the database share: leases are measured on it. */
  public function nowMs(): string {
    return match ($this) {
      self::Sqlite => "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
      self::MariaDb => 'SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)',
      self::PostgreSql => 'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)',
    };
  }

  public function name(string $column): string {
    return $this === self::MariaDb ? "`$column`" : "\"$column\"";
  }

  /** The end of an INSERT that does nothing where the key is there; PostgreSQL's transaction would not survive an error. */
  public function orNothing(): string {
    return $this === self::MariaDb ? 'ON DUPLICATE KEY UPDATE `key` = `key`' : 'ON CONFLICT ("key") DO NOTHING';
  }

  /** The end of an INSERT that takes the new payload where the key is there. */
  public function orPayload(): string {
    return $this === self::MariaDb ? 'ON DUPLICATE KEY UPDATE payload = VALUES(payload)' : 'ON CONFLICT ("key") DO UPDATE SET payload = excluded.payload';
  }

  /** The end of a SELECT that locks the row r; SQLite's transaction has locked everything. */
  public function locking(bool $skipsLocked = FALSE): string {
    $skip = $skipsLocked ? ' SKIP LOCKED' : '';
    return match ($this) {
      self::Sqlite => '',
      self::MariaDb => 'FOR UPDATE' . $skip,
      self::PostgreSql => 'FOR UPDATE OF r' . $skip,
    };
  }

  /** Scopes, states and labels compare by bytes; MariaDB's texts would ignore trailing spaces. */
  public function types(): array {
    return match ($this) {
      self::Sqlite => ['key' => 'TEXT', 'word' => 'TEXT', 'text' => 'TEXT', 'number' => 'INTEGER', 'bytes' => 'BLOB', 'serial' => 'INTEGER PRIMARY KEY AUTOINCREMENT'],
      self::MariaDb => ['key' => 'CHAR(64) CHARACTER SET ascii COLLATE ascii_bin', 'word' => 'VARBINARY(255)', 'text' => 'LONGBLOB', 'number' => 'BIGINT', 'bytes' => 'LONGBLOB', 'serial' => 'BIGINT AUTO_INCREMENT PRIMARY KEY'],
      self::PostgreSql => ['key' => 'CHAR(64) COLLATE "C"', 'word' => 'TEXT COLLATE "C"', 'text' => 'TEXT', 'number' => 'BIGINT', 'bytes' => 'BYTEA', 'serial' => 'BIGSERIAL PRIMARY KEY'],
    };
  }

}
