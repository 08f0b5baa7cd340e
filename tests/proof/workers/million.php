<?php

/**
 * @file
 * A backfill over a long list, with a line of progress for each twentieth of it.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

$arguments = arguments();
$client = client($arguments);
$backfill = new Causeway\Backfill($client, 'row', ['path' => 'rows', 'page_size' => 1000, 'chunk' => $arguments['chunk'], 'cursor' => ['by' => 'offset']]);
$kib = static function (): int {
    preg_match_all('/^Private_(?:Clean|Dirty):\s+(\d+) kB$/m', (string) file_get_contents('/proc/self/smaps_rollup'), $found);

    return (int) array_sum($found[1]);
};
$begun = microtime(true);
$step = intdiv($arguments['rows'], 20);
$next = $step;
$samples = [];
$report = $backfill->run(static function (int $rows, ?int $total) use (&$next, &$samples, $step, $begun, $kib): void {
    if ($rows >= $next) {
        $next += $step;
        $seconds = microtime(true) - $begun;
        $samples[] = $memory = $kib();
        fprintf(STDERR, "%3d %%  %d of %d rows  %.1f s  %.0f rows/s  %d KiB private\n", 100 * $rows / $total, $rows, $total, $seconds, $rows / $seconds, $memory);
    }
});
$seconds = microtime(true) - $begun;
answer($report + [
    'seconds' => $seconds, 'first_kib' => $samples[0], 'most_kib' => max($samples), 'php_kib' => intdiv(memory_get_peak_usage(true), 1024),
    'stored' => array_sum((new Causeway\Snapshots($client))->schemaVersions('row')),
]);
