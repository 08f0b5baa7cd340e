<?php

/**
 * @file
 * What the policies cost a call that succeeds: every one of them on, less the bare client, both
 * over a fake vendor, so that no socket is in the figure. One after the other in small turns, so
 * that whatever else the machine does meets both.
 */

declare(strict_types=1);

use Causeway\Client;
use Causeway\Testing\Fake;

return static function (array $arguments): array {
    $fake = Fake::start();
    $fake->on('*', 'GET', '*')->respond(200, ['ok' => true]);
    $base = ['base_uri' => 'http://vendor.example/'];
    $bare = new Client('bare', $base + ['retry' => ['max_attempts' => 1, 'budget' => false], 'breaker' => false]);
    $everything = new Client('everything', $base + (require __DIR__ . '/policies.php') + [
        'throttle' => ['permits' => 1_000_000, 'burst' => 100_000],
        'concurrency' => ['max' => 64],
        'hedge' => ['percentile' => 0.99],
        'coalesce' => true,
    ]);
    $time = static function (Client $client, int $times): int {
        $begun = hrtime(true);
        for (; $times > 0; $times--) {
            $client->get('products/42');
        }

        return hrtime(true) - $begun;
    };

    return [static function (int $times) use ($time, $bare, $everything): int {
        $costs = [];
        for ($left = $times; $left > 0; $left -= 100) {
            $without = $time($bare, 100);
            $costs[] = $time($everything, 100) - $without;
        }
        sort($costs);

        return intdiv($costs[intdiv(count($costs), 2)] * $times, 100);
    }, ''];
};
