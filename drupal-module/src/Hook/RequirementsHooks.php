<?php

declare(strict_types=1);

namespace Drupal\causeway\Hook;

use Causeway\Metrics;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Extension;
use Drupal\causeway\Status\DurableRows;
use Drupal\Core\Extension\Requirement\RequirementSeverity;
use Drupal\Core\Hook\Attribute\Hook;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\StringTranslation\TranslationInterface;

/**
 * Rows of the status report.
 */
final class RequirementsHooks {

  use StringTranslationTrait;

  public function __construct(
    private readonly Extension $extension,
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly DurableRows $durable,
    TranslationInterface $translation,
  ) {
    $this->setStringTranslation($translation);
  }

  /**
   * Implements hook_runtime_requirements().
   *
   * @return array<string, array<string, mixed>>
   *   The rows.
   */
  #[Hook('runtime_requirements')]
  public function runtime(): array {
    $rows = ['causeway_extension' => $this->extensionRow()] + $this->durable->rows();
    if ($this->extension->isUsable()) {
      $rows += ['causeway_segment' => $this->segmentRow(), 'causeway_connections' => $this->connectionsRow()];
    }
    return $rows;
  }

  /**
   * The extension in this SAPI.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function extensionRow(): array {
    $row = ['title' => $this->t('Causeway extension')];
    $arguments = [
      '@sapi' => PHP_SAPI,
      '@version' => $this->extension->version() ?? '',
      '@min' => Extension::MINIMUM_VERSION,
      '@below' => Extension::BELOW_VERSION,
    ];
    $value = match ($this->extension->problem()) {
      NULL => NULL,
      'missing' => $this->t('Not loaded in @sapi', $arguments),
      'outdated' => $this->t('@version is too old', $arguments),
      default => $this->t('@version is too new', $arguments),
    };
    if ($value === NULL) {
      return $row + ['value' => $this->t('@version in @sapi', $arguments), 'severity' => RequirementSeverity::OK];
    }
    return $row + [
      'value' => $value,
      'severity' => RequirementSeverity::Warning,
      'description' => $this->t('Stored snapshots are shown, webhooks are answered 503 so that senders repeat them, and calls throw an exception. Install version @min or later, below @below: add "extension=causeway.so" to the ini files of @sapi and restart it. The command line has ini files of its own.', $arguments),
    ];
  }

  /**
   * The shared memory.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function segmentRow(): array {
    $segment = Metrics::segment();
    $problem = match (TRUE) {
      $segment['overflowed'] > 0 => $this->t('@lost times a connection found no room and was kept for one process alone.', [
        '@lost' => $segment['overflowed'],
      ]),
      $segment['kind'] !== 'file' => $this->t('The file could not be used (ini setting causeway.segment_dir): breakers and tokens are not shared with other processes of this user.'),
      default => NULL,
    };
    return [
      'title' => $this->t('Causeway shared memory'),
      'value' => $this->t('@kind @path, @used of @capacity connections', [
        '@kind' => $segment['kind'],
        '@path' => $segment['path'] ?? '',
        '@used' => $segment['connections'],
        '@capacity' => $segment['capacity'],
      ]),
      'severity' => $problem === NULL ? RequirementSeverity::OK : RequirementSeverity::Warning,
      'description' => $problem ?? '',
    ];
  }

  /**
   * Connections whose options cannot work.
   *
   * @return array<string, mixed>
   *   A row.
   */
  private function connectionsRow(): array {
    $problems = [];
    foreach ($this->connections->ids() as $id) {
      try {
        $this->connections->get($id)->hasWebhook() ? $this->clients->inbox($id) : $this->clients->client($id);
      }
      catch (ConnectionException $e) {
        $problems[] = $e->getMessage();
      }
    }
    $row = [
      'title' => $this->t('Causeway connections'),
      'value' => $this->formatPlural(count($this->connections->ids()), '1 connection', '@count connections'),
      'severity' => RequirementSeverity::OK,
    ];
    return $problems
      ? ['severity' => RequirementSeverity::Error, 'description' => ['#theme' => 'item_list', '#items' => $problems]] + $row
      : $row;
  }

}
