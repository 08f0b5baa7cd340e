<?php

/**
 * @file
 * Calls over a fake transport, with every policy on or with none.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    // Without these the default ones would be on.
    $bare = ['retry' => ['max_attempts' => 1, 'budget' => false], 'breaker' => false];

    return [static function (int $times) use ($arguments, $bare): int {
        // A fake of its own for each round: its log begins anew.
        $fake = Causeway\Testing\Fake::start();
        $fake->on()->respond(200, str_repeat('x', 2048));
        $client = $arguments['every_policy']
            ? (require \dirname(__DIR__) . '/client.php')(['base_uri' => 'https://vendor.example/', 'store' => $arguments['store']])
            : new Causeway\Client('bench', ['base_uri' => 'https://vendor.example/'] + $bare);
        $call = static function (int $left) use ($client): void {
            for (; $left > 0; $left--) {
                if ($client->get('2k.json')->getStatusCode() !== 200) {
                    throw new LogicException('a wrong answer');
                }
            }
        };
        $call(100);
        $begun = hrtime(true);
        $call($times);
        $taken = hrtime(true) - $begun;
        $fake->stop();

        return $taken;
    }, ''];
};
