<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/** What is streamed is never held: neither a request's content nor an answer's. */
final class Streams implements Proof
{
    /** A few pieces on their way, and the allocator's unrest. */
    private const GROWTH_KIB = 4096;

    /** A form has its fields around the file. */
    private const FORM_BYTES = 1024;

    public function name(): string
    {
        return 'streams';
    }

    public function shows(): string
    {
        return '2 GiB up and down, every way there is: the peak of memory stays where it was';
    }

    public function run(Stage $stage): void
    {
        $bytes = $stage->scaled(2 << 30, 24 << 20);
        $script = \dirname(__DIR__, 2) . '/php/Support/streaming_vendor.php';
        $vendor = new Program('vendor', [Machine::php(), '-n', '-d', 'memory_limit=64M', $script], $stage->scratch->path('vendor.log'), true);
        $worker = $stage->worker('streams', [
            'base_uri' => 'http://' . $vendor->line(10.0) . '/',
            'bytes' => $bytes,
            'file' => $stage->scratch->path('source'),
            'target' => $stage->scratch->path('target'),
            'options' => ['timeouts' => ['attempt_ms' => 600_000, 'total_ms' => 600_000], 'decode_ratio' => 2000],
        ]);
        while (($found = Stage::answer($worker, 660.0))['way'] !== null) {
            $way = $found['way'];
            $stage->atLeast("$way: bytes", $bytes, $found['bytes']);
            $stage->atMost("$way: bytes", $bytes + self::FORM_BYTES, $found['bytes']);
            $stage->atMost("$way: growth of the peak", self::GROWTH_KIB, $found['grown_kib'], ' KiB');
            $stage->note("$way: time", $found['s'], ' s');
        }
    }
}
