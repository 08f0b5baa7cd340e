<?php

/**
 * @file
 * Many calls in one process. Says "warm" after a tenth, and "done" at the end, and waits for a line each time.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['calls' => $calls] = $arguments = arguments();
$client = client($arguments);
for ($call = 1; $call <= $calls; $call++) {
    $response = $client->get('2k.json');
    if ($response->getStatusCode() !== 200 || strlen($response->text()) !== 2048) {
        throw new LogicException('a wrong answer');
    }
    if ($call === intdiv($calls, 10) || $call === $calls) {
        answer(['calls' => $call]);
        fgets(STDIN);
    }
}
