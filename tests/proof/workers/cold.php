<?php

/**
 * @file
 * So many children that ask for the same URL at the same moment.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['children' => $count, 'path' => $path] = $arguments = arguments();
$client = client($arguments);
// The children wait until all are there.
$at = hrtime(true) + 300_000_000 + $count * 5_000_000;
$children = [];
for ($child = 0; $child < $count; $child++) {
    $children[] = $pid = pcntl_fork();
    if ($pid === 0) {
        $late = hrtime(true) > $at;
        while (hrtime(true) < $at) {
            usleep(max(1, intdiv($at - hrtime(true), 2000)));
        }
        try {
            $response = $client->get($path);
            exit($response->getStatusCode() !== 200 || !isset($response->json()['number']) ? 1 : ($late ? 2 : 0));
        } catch (Throwable $failure) {
            fwrite(STDERR, described($failure) . "\n");
            exit(3);
        }
    }
}
$ends = [0, 0, 0, 0];
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
    $ends[pcntl_wifexited($status) ? pcntl_wexitstatus($status) : 3]++;
}
answer(['right' => $ends[0] + $ends[2], 'late' => $ends[2], 'failed' => $ends[1] + $ends[3]]);
