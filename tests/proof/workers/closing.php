<?php

/**
 * @file
 * Calls to a vendor that closes each connection right after its answer.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['method' => $method, 'calls' => $calls] = $arguments = arguments();
$client = client($arguments);
$found = ['answered' => 0, 'failed' => []];
for ($call = 0; $call < $calls; $call++) {
    try {
        $found['answered'] += $client->request($method, "close?n=$call", $method === 'POST' ? ['json' => ['n' => $call]] : [])->getStatusCode() === 200 ? 1 : 0;
    } catch (Causeway\Exception\CallException $failure) {
        $found['failed'][$call] = $failure->sent;
    }
    if ($call % 3 === 0) {
        usleep(random_int(0, 2000));
    }
}
answer($found);
