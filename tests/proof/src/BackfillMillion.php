<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/** A long list, walked into snapshots. */
final class BackfillMillion implements Proof
{
    private const GROWTH_KIB = 4096;

    public function name(): string
    {
        return 'backfill';
    }

    public function shows(): string
    {
        return 'a backfill of 1,000,000 rows takes constant memory, and misses none';
    }

    public function run(Stage $stage): void
    {
        $rows = $stage->scaled(1_000_000, 20_000);
        $port = Machine::freePort();
        $command = [PHP_BINARY, '-n', '-S', "127.0.0.1:$port", \dirname(__DIR__) . '/workers/million_vendor.php'];
        $vendor = new Program('vendor', $command, '/dev/null', false, ['MILLION_ROWS' => (string) $rows, 'PATH' => (string) getenv('PATH')]);
        Machine::awaitPort($port);
        $worker = $stage->worker('million', [
            'base_uri' => "http://127.0.0.1:$port/", 'rows' => $rows, 'chunk' => 5000, 'store' => $stage->scratch->path('million.sqlite'),
            'options' => ['resources' => ['row' => ['path' => 'rows/{id}']]],
        ]);
        $found = Stage::answer($worker, 3600.0);
        echo preg_replace('/^/m', '          ', trim((string) file_get_contents($stage->scratch->path('million.log')))), "\n";
        $stage->exactly('rows walked', $rows, $found['rows']);
        $stage->exactly('rows stored', $rows, $found['stored']);
        $stage->atMost('growth of private memory after the first twentieth', self::GROWTH_KIB, $found['most_kib'] - $found['first_kib'], ' KiB');
        $stage->note('rows a second', $found['rows'] / $found['seconds']);
        $stage->note('chunks', $found['chunks']);
        $vendor->stop();
    }
}
