<?php

/**
 * @file
 * Calls until a time, one after another, with a pause of up to pause_us before each; then a line
 * with how each one went: [begun_ns, ended_ns, attempts, outcome].
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

$arguments = arguments() + ['pause_us' => 0];
$client = client($arguments);
answer(['ready' => true]);
$until = (int) fgets(STDIN);
$calls = [];
while (hrtime(true) < $until) {
    if ($arguments['pause_us'] > 0) {
        usleep(random_int(0, $arguments['pause_us']));
    }
    $begun = hrtime(true);
    try {
        [$attempts, $outcome] = [$client->get('ok')->attempts(), 'ok'];
    } catch (Causeway\Exception\CallException $failure) {
        [$attempts, $outcome] = [$failure->attempts, substr((string) strrchr($failure::class, '\\'), 1)];
    }
    $calls[] = [$begun, hrtime(true), $attempts, $outcome];
}
answer(['calls' => $calls]);
