<?php

/**
 * @file
 * Long waits that a signal or a pause ends: each line in names a kind of wait, each line out says
 * when and how it ended.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

final class Signalled extends RuntimeException
{
}

$arguments = arguments();
$client = client($arguments);
pcntl_async_signals(true);
pcntl_signal(SIGUSR1, static function (): void {
    throw new Signalled((string) hrtime(true));
});
$waits = [
    'answer' => static fn () => $client->get('slow/20000'),
    'backoff' => static fn () => $client->get('status/503'),
    'throttle' => static function () use ($client): void {
        for ($call = 0; $call < 3; $call++) {
            $client->get('ok');
        }
    },
    'all' => static function () use ($client): void {
        // A failure stands in its call's place.
        foreach ($client->all(['slow/20000', 'slow/20001']) as $outcome) {
            throw $outcome;
        }
    },
    'start' => static fn () => $client->start('GET', 'slow/20000')->wait(),
];
answer(['ready' => true]);
while (($kind = fgets(STDIN)) !== false) {
    try {
        $waits[trim($kind)]();
        answer(['ended_ns' => hrtime(true), 'how' => 'an answer']);
    } catch (Throwable $end) {
        for ($ended = hrtime(true), $cause = $end; $cause !== null; $cause = $cause->getPrevious()) {
            $ended = $cause instanceof Signalled ? (int) $cause->getMessage() : $ended;
        }
        answer(['ended_ns' => $ended, 'how' => substr((string) strrchr('\\' . $end::class, '\\'), 1)]);
    }
}
