<?php

declare(strict_types=1);

namespace Drupal\causeway\Status;

use Drupal\causeway\Extension;
use Drupal\causeway\Outbox\Outboxes;
use Drupal\causeway\Snapshot\Reconciles;
use Drupal\causeway\Store\Records;
use Drupal\Core\Datetime\DateFormatterInterface;
use Drupal\Core\Extension\Requirement\RequirementSeverity;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\StringTranslation\TranslationInterface;

/**
 * Rows of the status report: the inboxes, the outboxes, and what differs.
 */
final class DurableRows {

  use StringTranslationTrait;

  public function __construct(
    private readonly Extension $extension,
    private readonly Outboxes $outboxes,
    private readonly Reconciles $reconciles,
    private readonly Records $records,
    private readonly DateFormatterInterface $dates,
    TranslationInterface $translation,
  ) {
    $this->setStringTranslation($translation);
  }

  /**
   * The rows by name.
   *
   * @return array<string, array<string, mixed>>
   *   As hook_runtime_requirements() has them.
   */
  public function rows(): array {
    $rows = ['causeway_inbox' => $this->inboxRow(), 'causeway_outbox' => $this->outboxRow()];
    if ($this->extension->isUsable() && ($reports = $this->reconciles->last())) {
      $rows['causeway_reconcile'] = $this->reconcileRow($reports);
    }
    return $rows;
  }

  /**
   * Events that wait, that failed for good, and that came in two versions.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function inboxRow(): array {
    $counts = $this->countsByScope('inbox');
    $problems = [];
    foreach ($counts as $connection => $of) {
      $arguments = ['@connection' => $connection];
      if ($of['dead'] ?? 0) {
        $problems[] = $this->formatPlural($of['dead'], '1 event of @connection failed for the last time: <code>dr causeway:<wbr>event @connection</code> shows it, <code>dr causeway:<wbr>replay</code> puts it back in line.', '@count events of @connection failed for the last time: <code>dr causeway:<wbr>event @connection</code> shows them, <code>dr causeway:<wbr>replay</code> puts them back in line.', $arguments);
      }
      if ($of['conflict'] ?? 0) {
        $problems[] = $this->formatPlural($of['conflict'], '1 event of @connection came again with another payload; both are kept.', '@count events of @connection came again with other payloads; all are kept.', $arguments);
      }
    }
    return self::row($this->t('Causeway inbox'), $this->t('@pending waiting, @done done, @dead in the dead letters, @conflict in conflict', [
      '@pending' => self::sum($counts, ['pending', 'claimed']),
      '@done' => self::sum($counts, ['done']),
      '@dead' => self::sum($counts, ['dead']),
      '@conflict' => self::sum($counts, ['conflict']),
    ]), $problems);
  }

  /**
   * Writes that wait, that failed for good, and outboxes that are paused.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function outboxRow(): array {
    $counts = $this->countsByScope('outbox');
    $connections = array_map(strval(...), array_keys($counts));
    $paused = $this->extension->isUsable() ? $this->outboxes->paused($connections) : [];
    $problems = [];
    foreach ($paused as $connection => $reason) {
      $problems[] = $this->t('@connection sends nothing: @reason. <code>dr causeway:<wbr>outbox:<wbr>resume @connection</code> lets it send.', [
        '@connection' => $connection,
        '@reason' => $reason,
      ]);
    }
    foreach ($counts as $connection => $of) {
      if ($of['dead'] ?? 0) {
        $problems[] = $this->formatPlural($of['dead'], '1 write to @connection failed for the last time: <code>dr causeway:<wbr>outbox @connection</code> shows it.', '@count writes to @connection failed for the last time: <code>dr causeway:<wbr>outbox @connection</code> shows them.', ['@connection' => $connection]);
      }
    }
    return self::row($this->t('Causeway outbox'), $this->t('@pending waiting, @done sent, @dead in the dead letters', [
      '@pending' => self::sum($counts, ['pending', 'claimed', 'blocked']),
      '@done' => self::sum($counts, ['done']),
      '@dead' => self::sum($counts, ['dead']),
    ]), $problems);
  }

  /**
   * A row that is a warning where something is wrong.
   *
   * @param \Stringable $title
   *   The row's title.
   * @param \Stringable $value
   *   What stands where.
   * @param list<\Stringable> $problems
   *   What is wrong, and what to do about it.
   *
   * @return array<string, mixed>
   *   The row.
   */
  private static function row(\Stringable $title, \Stringable $value, array $problems): array {
    $row = ['title' => $title, 'value' => $value, 'severity' => RequirementSeverity::OK];
    return $problems
      ? ['severity' => RequirementSeverity::Warning, 'description' => ['#theme' => 'item_list', '#items' => $problems]] + $row
      : $row;
  }

  /**
   * How many records of a kind stand where.
   *
   * @return array<string, array<string, int>>
   *   Counts by connection and state.
   */
  private function countsByScope(string $kind): array {
    $counts = [];
    foreach ($this->records->counts($kind) as $count) {
      $counts[$count['scope']][$count['state']] = $count['count'];
    }
    return $counts;
  }

  /**
   * The records of all connections in these states.
   *
   * @param array<string, array<string, int>> $counts
   *   As countsByScope() has them.
   * @param list<string> $states
   *   The states.
   */
  private static function sum(array $counts, array $states): int {
    $of = static fn (array $of): int => array_sum(array_intersect_key($of, array_flip($states)));
    return array_sum(array_map($of, $counts));
  }

  /**
   * What the last comparisons found.
   *
   * @param array<string, array<string, mixed>> $reports
   *   The reports by "connection/resource".
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function reconcileRow(array $reports): array {
    $items = [];
    $is_refused = FALSE;
    foreach ($reports as $name => $report) {
      $arguments = [
        '@name' => $name,
        '@ago' => $this->dates->formatTimeDiffSince(intdiv((int) $report['at_ms'], 1000), ['granularity' => 1]),
        '@changed' => $report['changed'],
        '@missing' => $report['missing'],
        '@deleted' => $report['deleted'] + $report['absent'],
        '@refused' => $report['refused'] ?? '',
      ];
      $items[] = isset($report['refused'])
        ? $this->t('@name, @ago ago: the list was not believed, @refused', $arguments)
        : $this->t('@name, @ago ago: @changed changed, @missing missing, @deleted no more', $arguments);
      $is_refused = $is_refused || isset($report['refused']);
    }
    return [
      'title' => $this->t('Causeway comparisons'),
      'value' => $this->formatPlural(count($reports), '1 list compared', '@count lists compared'),
      'severity' => $is_refused ? RequirementSeverity::Warning : RequirementSeverity::OK,
      'description' => ['#theme' => 'item_list', '#items' => $items],
    ];
  }

}
