<?php

declare(strict_types=1);

namespace Drupal\causeway\Store;

/**
 * The tables of Causeway's durable records.
 *
 * One table for each kind, payloads apart, so that rows stay small where they
 * are searched and a payload can be erased before the row that proves it.
 * Within a major version this only expands.
 */
final class Schema {

  /**
   * The kinds of records; each has a table.
   */
  public const array KINDS = ['inbox', 'outbox', 'snapshot', 'cursor', 'switch'];

  /**
   * The index by which what is due of one scope is found.
   */
  public const string SCOPE_DUE = 'scope_due';

  /**
   * The columns of a record, without its payload.
   */
  public const array COLUMNS = [
    'key',
    'scope',
    'label',
    'state',
    'version',
    'due_at_ms',
    'lease_until_ms',
    'token',
    'attempts',
    'checksum',
    'created_at_ms',
    'updated_at_ms',
    'detail',
  ];

  /**
   * The columns that hold numbers.
   */
  public const array NUMBERS = [
    'version',
    'due_at_ms',
    'lease_until_ms',
    'token',
    'attempts',
    'created_at_ms',
    'updated_at_ms',
  ];

  /**
   * The name of a kind's table, of its payloads' table with $payload.
   */
  public static function table(string $kind, bool $payload = FALSE): string {
    return 'causeway_' . $kind . ($payload ? '_payload' : '');
  }

  /**
   * All tables, as hook_schema() wants them.
   *
   * @return array<string, array<string, mixed>>
   *   The definitions, by name of table.
   */
  public static function tables(): array {
    $tables = [];
    foreach (self::KINDS as $kind) {
      $tables[self::table($kind)] = self::records($kind);
      $tables[self::table($kind, TRUE)] = [
        'description' => "Payloads of causeway_$kind, as they came.",
        'fields' => [
          'key' => self::key(),
          'payload' => ['type' => 'blob', 'size' => 'big', 'not null' => TRUE],
        ],
        'primary key' => ['key'],
      ];
    }
    return $tables;
  }

  /**
   * The table of one kind.
   *
   * @return array<string, mixed>
   *   Its definition.
   */
  private static function records(string $kind): array {
    $number = ['type' => 'int', 'size' => 'big', 'not null' => TRUE, 'default' => 0];
    return [
      'description' => "Records of Causeway: $kind.",
      'fields' => [
        'key' => self::key(),
        'scope' => ['type' => 'varchar', 'length' => 255, 'binary' => TRUE, 'not null' => TRUE, 'default' => ''],
        'label' => ['type' => 'text', 'size' => 'normal', 'binary' => TRUE, 'not null' => TRUE],
        'state' => ['type' => 'varchar_ascii', 'length' => 16, 'not null' => TRUE, 'default' => ''],
        'checksum' => ['type' => 'varchar_ascii', 'length' => 128, 'not null' => TRUE, 'default' => ''],
        'detail' => ['type' => 'text', 'size' => 'big', 'not null' => TRUE],
      ] + array_fill_keys(self::NUMBERS, $number),
      'primary key' => ['key'],
      'indexes' => [
        'due' => ['state', 'due_at_ms'],
        'scope' => ['scope', 'state'],
        self::SCOPE_DUE => ['scope', 'state', 'due_at_ms'],
      ],
    ];
  }

  /**
   * The column of a key: a hash as 64 hex digits.
   *
   * @return array<string, mixed>
   *   Its definition.
   */
  private static function key(): array {
    return ['type' => 'varchar_ascii', 'length' => 64, 'not null' => TRUE];
  }

}
