<?php

/**
 * @file
 * Forks of a process whose client is in use: idle, with a call in the foreground under way (the
 * fork is in a signal's handler, which runs in the wait), or with one in the background. Children end with exit().
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['mode' => $mode, 'rounds' => $rounds] = $arguments = arguments();
$client = client($arguments);
$found = ['parent' => 0, 'child' => 0, 'problems' => []];
$problem = static function (string $text) use (&$found): void {
    $found['problems'][] = $text;
};

/** Runs $work in a child; it ends with exit(), 0 when $work returned TRUE. */
$fork = static function (callable $work): int {
    $child = pcntl_fork();
    if ($child === 0) {
        try {
            exit($work() === true ? 0 : 1);
        } catch (Throwable $failure) {
            fwrite(STDERR, 'child: ' . described($failure) . "\n");
            exit(3);
        }
    }

    return $child;
};
/** Waits for a child, at most ten seconds. */
$reap = static function (int $child) use (&$found, $problem): void {
    for ($end = microtime(true) + 10.0; microtime(true) < $end; usleep(1000)) {
        if (pcntl_waitpid($child, $status, WNOHANG) === $child) {
            pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0 ? $found['child']++ : $problem("a child ended with status $status");

            return;
        }
    }
    posix_kill($child, SIGKILL);
    pcntl_waitpid($child, $status);
    $problem('a child hung');
};
$isRight = static fn (string $path): bool => $client->get($path)->getStatusCode() === 200;
$isForked = static fn (array $children): bool => $children !== [];
$twice = static fn (): bool => $isRight('ok') && $isRight('ok');

pcntl_async_signals(true);
$children = [];
// Every second child does not end in the handler: it goes back into the call that was under way.
$turn = new class () {
    public bool $isReturning = false;
    public bool $isChild = false;
};
pcntl_signal(SIGUSR1, static function () use (&$children, $turn, $fork, $twice): void {
    if (!$turn->isReturning) {
        $children[] = $fork($twice);

        return;
    }
    $child = pcntl_fork();
    $turn->isChild = $child === 0;
    $children[] = $child;
});
$isRight('ok') || $problem('no answer before the first fork');
for ($round = 0; $round < $rounds; $round++) {
    try {
        $children = [];
        if ($mode === 'idle') {
            $children[] = $fork($twice);
            $isOk = $isRight('ok');
        } elseif ($mode === 'foreground') {
            $killer = proc_open(['sh', '-c', 'sleep 0.03; kill -USR1 ' . getmypid()], [], $pipes);
            $turn->isReturning = $round % 2 === 1;
            try {
                $isOk = $isRight('slow/200');
            } catch (Causeway\Exception\CallException $failure) {
                $isOk = false;
            }
            if ($turn->isChild) {
                // The answer is the parent's: the child is told that it has none, and goes on.
                exit(!$isOk && $twice() ? 0 : 1);
            }
            proc_close($killer);
            $isForked($children) || $problem('no fork was in flight');
        } else {
            $pending = $client->start('GET', 'slow/60');
            $children[] = $fork(static function () use ($pending, $twice): bool {
                if (!$twice()) {
                    return false;
                }
                try {
                    // The parent's call is not the child's: it says so, and does not hang.
                    $pending->wait(2000);

                    return false;
                } catch (Causeway\Exception\CausewayException) {
                    return true;
                }
            });
            $isOk = $isRight('ok') && $pending->wait()->getStatusCode() === 200;
        }
        array_map($reap, $children);
        $isOk && $isRight('ok') ? $found['parent']++ : $problem('a wrong answer in the parent');
    } catch (Throwable $failure) {
        $problem(described($failure));
        array_map($reap, $children);
    }
}
$found['problems'] = array_slice(array_count_values($found['problems']), 0, 5);
answer($found);
