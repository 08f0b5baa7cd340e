<?php

/**
 * @file
 * The benchmark: --extension FILE [--extension84 FILE] [--rounds N] [--only ID,…] [--out DIRECTORY] [--list].
 *
 * Called by tools/bench. Writes bench.json and bench.html. Exit status: 0 when every budget is kept,
 * 1 when one is missed or a row broke, 2 for wrong usage.
 */

declare(strict_types=1);

namespace Causeway\Bench;

require \dirname(__DIR__) . '/rig/autoload.php';

set_error_handler(static fn (int $level, string $text, string $file, int $line): bool
    => (error_reporting() & $level) !== 0 ? throw new \ErrorException($text, 0, $level, $file, $line) : true);

$options = getopt('', ['extension:', 'extension84:', 'rounds:', 'only:', 'out:', 'list']);
/** @var list<Row> $rows */
$rows = require __DIR__ . '/rows.php';
if (isset($options['list'])) {
    exit(implode("\n", array_map(static fn (Row $row): string => $row->id(), $rows)) . "\n");
}
$usage = static function (string $text): never {
    fwrite(STDERR, "bench: $text\n");
    exit(2);
};
$extension = realpath((string) ($options['extension'] ?? '')) ?: $usage('--extension wants a file');
$rounds = (int) ($options['rounds'] ?? 15);
$rounds > 0 || $usage('--rounds wants a number');
$only = array_filter(explode(',', (string) ($options['only'] ?? '')));
$wanted = array_values(array_filter($rows, static fn (Row $row): bool
    => $only === [] || array_filter($only, static fn (string $part): bool => fnmatch($part, $row->id())) !== []));
$wanted !== [] || $usage('no row is called ' . implode(', ', $only) . ' (see --list)');

// What was started ends with this process, also on a signal.
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM] as $signal) {
    pcntl_signal($signal, static fn () => exit(1));
}

$bench = new Bench($rounds, $extension, isset($options['extension84']) ? (realpath($options['extension84']) ?: null) : null);
$begun = microtime(true);
$results = [];
foreach ($wanted as $number => $row) {
    $results[] = $bench->run($row, \sprintf('[%d/%d]', $number + 1, \count($wanted)));
}
$out = rtrim((string) ($options['out'] ?? 'build'), '/');
Report::write("$out/bench.json", $results, $rounds);
Page::write("$out/bench.html", $results, $rounds, microtime(true) - $begun);
printf("%s and %s, %.0f s%s\n", "$out/bench.json", "$out/bench.html", microtime(true) - $begun, $rounds < 15 ? ", a short run of $rounds rounds" : '');
$missed = array_filter($results, static fn (Result $result): bool => $result->isMissed());
if ($missed !== []) {
    echo 'BUDGETS MISSED: ', implode(', ', array_map(static fn (Result $result): string => $result->row->id(), $missed)), "\n";
}
exit($missed === [] ? 0 : 1);
