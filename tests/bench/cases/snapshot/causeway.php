<?php

/**
 * @file
 * Reads of one fresh snapshot of 2 KB, decoded; the figure is the median of single reads.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $client = (require \dirname(__DIR__) . '/client.php')($arguments + ['options' => ['resources' => ['file' => ['path' => '{id}.json', 'fresh_s' => 86_400]]]]);
    $snapshots = new Causeway\Snapshots($client);
    $snapshots->refresh('file', '2k');

    return [static function (int $times) use ($snapshots): int {
        $taken = [];
        for ($left = $times; $left > 0; $left--) {
            $begun = hrtime(true);
            $data = $snapshots->get('file', '2k')->data();
            $taken[] = hrtime(true) - $begun;
            $data['id'] === 42 || throw new LogicException('another snapshot');
        }
        sort($taken);

        return $taken[intdiv($times, 2)] * $times;
    }, ''];
};
