<?php

/**
 * @file
 * A worker of the flood: every source has an inbox, and all are tasks of one loop. When the effects of
 * the quiet sources began is written down.
 */

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Webhook\Event;
use Causeway\Worker;

require __DIR__ . '/flood_inboxes.php';

$arguments = json_decode($argv[1], true, 16, JSON_THROW_ON_ERROR);
$tasks = [];
foreach (flood_inboxes($arguments) as $source => $inbox) {
    $effect = static function (Event $event) use ($source, $arguments): void {
        if ($source !== 'flood') {
            file_put_contents($arguments['started'], $event->id() . ' ' . hrtime(true) . "\n", FILE_APPEND | LOCK_EX);
        }
    };
    // An effect is short, as the store is locked meanwhile; what takes time is the work around it.
    $tasks["$source inbox"] = static function (int $limit) use ($inbox, $effect, $arguments): array {
        $done = $inbox->process($limit, null, $effect);
        usleep($arguments['work_us'] * $done['processed']);

        return $done;
    };
}
echo "{}\n";
(new Worker(['time_limit_s' => 300]))->run($tasks);
