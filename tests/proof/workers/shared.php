<?php

/**
 * @file
 * What the command line knows of a connection that php-fpm uses too. Lines in: fail (calls that fail
 * until the breaker opens), or the name of a connection. Each is answered with a state.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

$arguments = arguments();
$client = client($arguments + ['options' => ['retry' => ['max_attempts' => 1]]]);
$state = static fn (string $name): array => ['segment' => Causeway\Metrics::segment()['kind']] + Causeway\Metrics::connection($name);
while (($line = fgets(STDIN)) !== false) {
    $name = trim($line) === 'fail' ? $arguments['name'] : trim($line);
    for ($call = 0; trim($line) === 'fail' && $state($name)['breaker_state'] === 'closed' && $call < 10_000; $call++) {
        try {
            $client->get('x');
        } catch (Causeway\Exception\CallException) {
        }
    }
    answer($state($name));
}
