<?php

/**
 * @file
 * start() over cold TLS, while PHP computes without touching Causeway for compute_ms; then wait().
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

$arguments = arguments();
$client = client($arguments);
$pending = $client->start('GET', $arguments['path']);
$end = hrtime(true) + $arguments['compute_ms'] * 1_000_000;
for ($sum = 0; hrtime(true) < $end; $sum++) {
    $sum = ($sum * 31 + 7) % 1_000_003;
}
$asked = hrtime(true);
$response = $pending->wait();
answer(['asked_ns' => $asked, 'returned_ns' => hrtime(true), 'status' => $response->getStatusCode(), 'attempts' => $response->attempts()]);
