<?php

/**
 * @file
 * So many children that ask for the same URL at the same moment.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['children' => $count, 'path' => $path] = $arguments = arguments();
if (isset($arguments['autoload'])) {
    // A peer in our place.
    require $arguments['autoload'];
    $guzzle = new GuzzleHttp\Client(['base_uri' => $arguments['base_uri']]);
    $get = static fn (): string => (string) $guzzle->get($path)->getBody();
} else {
    $client = client($arguments);
    $get = static fn (): string => $client->get($path)->text();
}
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
            exit(isset(json_decode($get(), true)['number']) ? ($late ? 2 : 0) : 1);
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
