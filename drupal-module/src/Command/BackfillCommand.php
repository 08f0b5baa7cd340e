<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Drupal\causeway\Snapshot\Backfills;
use Symfony\Component\Console\Attribute\Argument;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Attribute\Option;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Walks a vendor's list into snapshots; a killed walk goes on where it was.
 */
#[AsCommand(name: 'causeway:backfill', description: "Walks a vendor's list into snapshots.")]
final class BackfillCommand {

  public function __construct(
    private readonly Backfills $backfills,
  ) {}

  /**
   * Walks to the end, or until a limit.
   */
  public function __invoke(
    SymfonyStyle $io,
    #[Argument(description: 'The connection.')]
    string $connection,
    #[Argument(description: 'The resource, which has an entry under "backfills" in the connections file.')]
    string $resource,
    #[Option(description: 'Rows of one transaction; 0 as declared.')]
    int $chunk = 0,
    #[Option(description: 'Rows of one page of the vendor; 0 as declared.', name: 'page-size')]
    int $pageSize = 0,
    #[Option(description: 'Stop after so many chunks; 0 for no limit.', name: 'max-chunks')]
    int $maxChunks = 0,
    #[Option(description: 'Begin again at the start.')]
    bool $reset = FALSE,
    #[Option(description: 'text or json.')]
    string $format = 'text',
  ): int {
    if (!Output::accepts($io, $format)) {
      return Output::MISUSE;
    }
    return Output::attempt($io, function () use ($io, $connection, $resource, $chunk, $pageSize, $maxChunks, $reset, $format): int {
      $options = array_filter(['chunk' => $chunk, 'page_size' => $pageSize]);
      $progress = new Progress($io);
      try {
        $result = $this->backfills->run($connection, $resource, $options, $maxChunks ?: NULL, $reset, $progress(...));
      }
      finally {
        $progress->end();
      }
      Output::data($io, $format, $result);
      return Command::SUCCESS;
    });
  }

}
