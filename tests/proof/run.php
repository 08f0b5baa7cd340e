<?php

/**
 * @file
 * The proofs: --extension FILE [--only NAME,…] [--short] [--list].
 *
 * Called by tools/proof. Prints each figure with its bound; the last line is "N passed, N failed, N
 * skipped" over the proofs. Exit status 1 when one fails, 2 for wrong usage.
 */

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Broken;

require \dirname(__DIR__) . '/rig/autoload.php';

$options = getopt('', ['extension:', 'only:', 'short', 'list']);
/** @var list<Proof> $proofs */
$proofs = require __DIR__ . '/proofs.php';
$only = array_filter(explode(',', (string) ($options['only'] ?? '')));
$wanted = array_values(array_filter($proofs, static fn (Proof $proof): bool
    => $only === [] || array_filter($only, static fn (string $part): bool => fnmatch($part, $proof->name())) !== []));
if (isset($options['list'])) {
    foreach ($wanted as $proof) {
        printf("%-12s %s\n", $proof->name(), $proof->shows());
    }
    exit(0);
}
$extension = realpath((string) ($options['extension'] ?? ''));
if ($extension === false || $wanted === []) {
    fwrite(STDERR, $wanted === [] ? "proof: no such proof (see --list)\n" : "proof: --extension wants a file\n");
    exit(2);
}
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM] as $signal) {
    pcntl_signal($signal, static fn () => exit(1));
}

$failed = [];
$begun = microtime(true);
foreach ($wanted as $proof) {
    $stage = new Stage($extension, isset($options['short']), $proof->name());
    $start = microtime(true);
    printf("%s: %s\n", $proof->name(), $proof->shows());
    try {
        $proof->run($stage);
        $isFailed = $stage->hasFailed();
    } catch (Broken $broken) {
        $isFailed = true;
        printf("  BROKEN  %s\n", $broken->getMessage());
    }
    if ($isFailed) {
        $failed[] = $proof->name();
    }
    printf("          %.1f s\n", microtime(true) - $start);
    unset($stage);
}
printf("%.0f s%s\n", microtime(true) - $begun, $failed === [] ? '' : '; failed: ' . implode(', ', $failed));
printf("%d passed, %d failed, 0 skipped\n", \count($wanted) - \count($failed), \count($failed));
exit($failed === [] ? 0 : 1);
