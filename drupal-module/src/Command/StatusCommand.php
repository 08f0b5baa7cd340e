<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Causeway\Metrics;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Connection\Switches;
use Drupal\causeway\Extension;
use Drupal\causeway\Store\Records;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Shows what this process sees: extension, memory, connections, inbox.
 */
#[AsCommand(name: 'causeway:status', description: 'Shows extension, connections and inbox as this process sees them.')]
final class StatusCommand {

  public function __construct(
    private readonly Extension $extension,
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly Switches $switches,
    private readonly Records $records,
  ) {}

  /**
   * Fails when calls cannot be made.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    $usable = $this->extension->isUsable();
    Output::data($io, $format, [
      'sapi' => PHP_SAPI,
      'extension' => $this->extension->version(),
      'problem' => $this->extension->problem(),
      'segment' => $usable ? Metrics::segment() : NULL,
      'connections' => $this->connections($usable),
      'inbox' => $this->records->counts('inbox'),
    ]);
    return $usable ? Command::SUCCESS : Command::FAILURE;
  }

  /**
   * The connections by id.
   *
   * @return array<string, array<string, mixed>>
   *   File, switch and counters of each.
   */
  private function connections(bool $usable): array {
    $switches = $usable ? $this->switches->all() : [];
    $connections = [];
    foreach ($this->connections->ids() as $id) {
      $connections[$id] = [
        'file' => $this->connections->get($id)->file,
        'paused' => $switches[$id]['paused'] ?? FALSE,
        'reason' => $switches[$id]['reason'] ?? '',
        'metrics' => $usable ? Metrics::connection($id, $this->clients->namespace()) : NULL,
      ];
    }
    return $connections;
  }

}
