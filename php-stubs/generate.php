<?php

/**
 * @file
 * Makes php-stubs/causeway.php from the loaded extension.
 *
 * Usage: php -d extension=causeway.so php-stubs/generate.php [--check]
 *
 * Names, types and defaults come from the extension by reflection, so they cannot be wrong. Docs
 * come from the `///` comments in src/php, and from docs.php where the extension registers by hand.
 *
 * With --check nothing is written: exits 1 and prints a diff when the committed file differs. In
 * both modes exits 1 when docs.php names what is not there.
 */

declare(strict_types=1);

namespace Causeway\Stubs;

require __DIR__ . '/src/Docs.php';
require __DIR__ . '/src/RustDocs.php';
require __DIR__ . '/src/StubWriter.php';

const STUBS = __DIR__ . '/causeway.php';

/** Classes that the extension needs for itself. */
const INTERNAL = 'Causeway\Internal';

exit(main(in_array('--check', $argv, true)));

/** Runs, and says with what exit status to end. */
function main(bool $checkOnly): int
{
    if (!extension_loaded('causeway')) {
        fwrite(STDERR, "the extension causeway is not loaded: php -d extension=…/causeway.so generate.php\n");

        return 1;
    }
    $docs = Docs::from(dirname(__DIR__) . '/src/php', require __DIR__ . '/docs.php');
    $complaints = $docs->complaints();
    fwrite(STDERR, implode('', array_map(static fn (string $line): string => "$line\n", $complaints)));

    $isPublic = static fn (\ReflectionClass $class): bool => $class->getNamespaceName() !== INTERNAL;
    $classes = array_filter((new \ReflectionExtension('causeway'))->getClasses(), $isPublic);
    $stubs = (new StubWriter($docs))->write($classes);
    $isCurrent = is_file(STUBS) && file_get_contents(STUBS) === $stubs;
    if (!$isCurrent) {
        $checkOnly ? showDifference($stubs) : file_put_contents(STUBS, $stubs);
    }

    return $complaints === [] && ($isCurrent || !$checkOnly) ? 0 : 1;
}

/** Prints what a new run would change. */
function showDifference(string $stubs): void
{
    $command = ['diff', '-u', '--label', 'committed', '--label', 'generated', STUBS, '-'];
    $process = proc_open($command, [['pipe', 'r'], STDOUT, STDERR], $pipes);
    if ($process === false) {
        fwrite(STDERR, STUBS . " differs from what the extension has\n");

        return;
    }
    fwrite($pipes[0], $stubs);
    fclose($pipes[0]);
    proc_close($process);
}
