<?php

declare(strict_types=1);

namespace Drupal\causeway\Store;

use Drupal\Core\Database\Connection;

/**
 * What the three databases say differently.
 */
final class Dialect {

  public function __construct(
    private readonly Connection $database,
  ) {}

  /**
   * A query for the database's own clock in Unix milliseconds.
   */
  public function nowMs(): string {
    return match ($this->database->databaseType()) {
      'mysql' => 'SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)',
      'pgsql' => 'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)',
      default => "SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
    };
  }

  /**
   * One statement that inserts a row unless its key is there.
   *
   * An INSERT that fails aborts a transaction on PostgreSQL, and reading first
   * lets another process in between.
   *
   * @param string $table
   *   The table.
   * @param list<string> $columns
   *   The columns, each with a placeholder of its name.
   */
  public function insertIfAbsent(string $table, array $columns): string {
    $names = implode(', ', array_map(static fn (string $column): string => "[$column]", $columns));
    $values = implode(', ', array_map(static fn (string $column): string => ":$column", $columns));
    return match ($this->database->databaseType()) {
      'mysql' => "INSERT IGNORE INTO {{$table}} ($names) VALUES ($values)",
      default => "INSERT INTO {{$table}} ($names) VALUES ($values) ON CONFLICT ([key]) DO NOTHING",
    };
  }

}
