<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Snapshot\Reconciles;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Compares snapshots with the vendor's list, and repairs what differs.
 */
#[AsCommand(name: 'causeway:reconcile', description: "Compares snapshots with the vendor's list, and repairs what differs.")]
final class ReconcileCommand {

  public function __construct(
    private readonly Reconciles $reconciles,
  ) {}

  /**
   * Fails where the list was not believed, or not walked to its end.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: 'The resource, which has an entry under "backfills" in the connections file.')]
    string $resource,
    #[Option(description: 'Only report.', name: 'dry-run')]
    bool $dryRun = FALSE,
    #[Option(description: 'Of what the list no longer names: keep, absent (it is gone) or confirm (ask for each); empty as declared.')]
    string $deletions = '',
    #[Option(description: 'Believe the list, whatever it lacks.')]
    bool $force = FALSE,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $resource, $dryRun, $deletions, $force, $format): int {
      $options = array_filter(['dry_run' => $dryRun, 'deletions' => $deletions, 'force' => $force]);
      $progress = new Progress($io);
      try {
        $report = $this->reconciles->run($connection, $resource, $options, $progress(...));
      }
      finally {
        $progress->end();
      }
      Output::data($io, $format, $report);
      if (isset($report['refused'])) {
        $io->getErrorStyle()->warning(sprintf('Nothing was made gone: %s.', $report['refused']));
      }
      return isset($report['refused']) || !$report['is_complete'] ? Command::FAILURE : Command::SUCCESS;
    });
  }

}
