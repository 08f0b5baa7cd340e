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
    $status = [
      'sapi' => PHP_SAPI,
      'extension' => $this->extension->version(),
      'problem' => $this->extension->problem(),
      'segment' => $usable ? Metrics::segment() : NULL,
      'connections' => $this->connections($usable),
      'inbox' => $this->records->counts('inbox'),
    ];
    $format === 'json' ? Output::data($io, $format, $status) : $this->show($io, $status);
    return $usable ? Command::SUCCESS : Command::FAILURE;
  }

  /**
   * The same for people: a line for the process, a row for each connection.
   *
   * @param \Symfony\Component\Console\Style\SymfonyStyle $io
   *   The console.
   * @param array<string, mixed> $status
   *   What is known.
   */
  private function show(SymfonyStyle $io, array $status): void {
    $segment = $status['segment'];
    $io->writeln($status['problem'] === NULL
      ? sprintf('Extension %s on %s, shared memory: %s, %d of %d connections.', $status['extension'], $status['sapi'], $segment['kind'], $segment['connections'], $segment['capacity'])
      : sprintf('The PHP extension "causeway" is %s on %s: no calls can be made.', $status['problem'], $status['sapi']));
    $waiting = $dead = [];
    foreach ($status['inbox'] as ['scope' => $scope, 'state' => $state, 'count' => $count]) {
      $state === 'pending' && $waiting[$scope] = $count;
      $state === 'dead' && $dead[$scope] = $count;
    }
    $rows = [];
    foreach ($status['connections'] as $id => $connection) {
      $metrics = $connection['metrics'];
      $age_ms = $metrics['last_success_age_ms'] ?? NULL;
      $rows[] = [
        $id,
        $connection['paused'] ? rtrim('paused: ' . $connection['reason'], ': ') : 'on',
        $metrics['breaker_state'] ?? '-',
        $metrics['calls'] ?? '-',
        $metrics['failed'] ?? '-',
        $age_ms === NULL ? 'never' : sprintf('%.1f s ago', $age_ms / 1000),
        $waiting[$id] ?? 0,
        $dead[$id] ?? 0,
      ];
    }
    $io->table(['Connection', 'Switch', 'Breaker', 'Calls', 'Failed', 'Last success', 'Inbox', 'Dead letters'], $rows);
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
