<?php

/**
 * @file
 * Fetches all products; a run that was killed is resumed.
 *
 * php backfill.php run CHUNK | reset | state
 */

declare(strict_types=1);

namespace Shop;

use Causeway\Exception\InProgressException;

/** @var Shop $shop */
$shop = require __DIR__ . '/bootstrap.php';
$backfill = $shop->backfill((int) ($argv[2] ?? 500));

switch ($argv[1] ?? 'run') {
  case 'run':
    $progress = static function (int $rows, ?int $total): void {
      printf("%d%s products\n", $rows, $total === NULL ? '' : " of $total");
    };
    // A run that was killed still holds its lease for a moment.
    for ($tries = 1; ; $tries++) {
      try {
        $done = $backfill->run($progress);
        break;
      }
      catch (InProgressException $e) {
        if ($tries === 200) {
          throw $e;
        }
        usleep(100_000);
      }
    }
    printf("%d products in %d chunks%s\n", $done['rows'], $done['chunks'], $done['done'] ? ', done' : '');
    exit($done['done'] ? 0 : 1);

  case 'reset':
    $backfill->reset();
    break;

  case 'state':
    echo json_encode($backfill->state(), JSON_THROW_ON_ERROR), "\n";
    break;

  default:
    fwrite(STDERR, "php backfill.php run CHUNK | reset | state\n");
    exit(2);
}
