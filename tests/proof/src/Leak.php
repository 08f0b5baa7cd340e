<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Machine;
use Causeway\Rig\Upstream;

/** What a process holds does not grow with the calls that it made. */
final class Leak implements Proof
{
    /** An allocator's own unrest; a leak of one byte a call would be 1 MiB. */
    private const UNREST_KIB = 256;

    public function name(): string
    {
        return 'leak-cli';
    }

    public function shows(): string
    {
        return '1,000,000 calls in one process: private memory, descriptors and threads do not grow';
    }

    public function run(Stage $stage): void
    {
        $upstream = new Upstream($stage->scratch, false);
        $calls = $stage->scaled(1_000_000, 20_000);
        $worker = $stage->worker('leak', ['base_uri' => $upstream->baseUri, 'calls' => $calls, 'store' => $stage->scratch->path('store.sqlite')]);
        $seen = [];
        foreach (['warm', 'done'] as $when) {
            $made = Stage::answer($worker, 600.0)['calls'];
            $seen[$when] = [Machine::privateKib($worker->pid), Machine::descriptors($worker->pid), Machine::threads($worker->pid)];
            $stage->note("after $made calls: private KiB, descriptors, threads", implode(' ', $seen[$when]));
            $worker->send('on');
        }
        $stage->atMost('growth of private memory', self::UNREST_KIB, $seen['done'][0] - $seen['warm'][0], ' KiB');
        $stage->atMost('descriptors more', 0, $seen['done'][1] - $seen['warm'][1]);
        $stage->atMost('threads more', 0, $seen['done'][2] - $seen['warm'][2]);
    }
}
