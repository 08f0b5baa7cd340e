<?php

/**
 * @file
 * Processes a vendor's webhooks until nothing was due for a while.
 *
 * php worker.php CONNECTION [IDLE_MS]
 */

declare(strict_types=1);

namespace Shop;

use Causeway\Webhook\Event;

/** @var Shop $shop */
$shop = require __DIR__ . '/bootstrap.php';
$connection = (string) ($argv[1] ?? 'crm');
$idleMs = (int) ($argv[2] ?? 0);

// The shop has no page cache; a shop with one would clear these tags there.
$invalidate = static function (array $tags): void {};
$database = $shop->database();
$effect = $database === NULL ? NULL : static function (Event $event, ?array $entity) use ($database): void {
  $database->recordEffect($event->id(), (string) ($entity['id'] ?? ''));
};

$inbox = $shop->inbox($connection);
$snapshots = $shop->snapshots($connection);
$total = ['processed' => 0, 'failed' => 0, 'deferred' => 0, 'dead' => 0];
$lastWorkMs = hrtime(TRUE) / 1e6;
do {
  // What a killed predecessor may owe.
  $settled = $snapshots->settle($invalidate);
  $done = $inbox->process(50, $invalidate, $effect);
  foreach ($total as $name => $count) {
    $total[$name] = $count + $done[$name];
  }
  if ($settled + array_sum($done) > 0) {
    $lastWorkMs = hrtime(TRUE) / 1e6;
  }
  else {
    usleep(20_000);
  }
} while (hrtime(TRUE) / 1e6 - $lastWorkMs < $idleMs);

echo json_encode($total, JSON_THROW_ON_ERROR), "\n";
