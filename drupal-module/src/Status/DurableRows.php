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
 * Rows of the status report: the outboxes, and how snapshots compare.
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
    $rows = ['causeway_outbox' => $this->outboxRow()];
    if ($this->extension->isUsable() && ($reports = $this->reconciles->last())) {
      $rows['causeway_reconcile'] = $this->reconcileRow($reports);
    }
    return $rows;
  }

  /**
   * Writes that wait, that failed for good, and outboxes that are paused.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function outboxRow(): array {
    $counts = $scopes = [];
    foreach ($this->records->counts('outbox') as $count) {
      $counts[$count['state']] = ($counts[$count['state']] ?? 0) + $count['count'];
      $scopes[$count['scope']] = TRUE;
    }
    $paused = $this->extension->isUsable() ? $this->outboxes->paused(array_map(strval(...), array_keys($scopes))) : [];
    $problems = [];
    foreach ($paused as $connection => $reason) {
      $problems[] = $this->t('@connection sends nothing: @reason. "causeway:outbox:resume @connection" lets it send.', [
        '@connection' => $connection,
        '@reason' => $reason,
      ]);
    }
    $dead = $counts['dead'] ?? 0;
    if ($dead > 0) {
      $problems[] = $this->formatPlural($dead, '1 write failed for the last time; see "causeway:outbox".', '@count writes failed for the last time; see "causeway:outbox".');
    }
    $row = [
      'title' => $this->t('Causeway outbox'),
      'value' => $this->t('@pending waiting, @done sent, @dead in the dead letters', [
        '@pending' => ($counts['pending'] ?? 0) + ($counts['claimed'] ?? 0) + ($counts['blocked'] ?? 0),
        '@done' => $counts['done'] ?? 0,
        '@dead' => $dead,
      ]),
      'severity' => RequirementSeverity::OK,
    ];
    return $problems
      ? ['severity' => RequirementSeverity::Warning, 'description' => ['#theme' => 'item_list', '#items' => $problems]] + $row
      : $row;
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
