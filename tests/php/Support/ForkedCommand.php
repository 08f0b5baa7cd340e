<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/**
 * A command after a real fork, before which the extension closes its stores; they are opened anew on
 * their next use. proc_open() forks nothing on some releases of PHP.
 */
final class ForkedCommand
{
    /** Whether it ended well. */
    public static function run(string ...$command): bool
    {
        $child = pcntl_fork();
        if ($child === 0) {
            pcntl_exec('/bin/sh', ['-c', 'exec "$@" >/dev/null 2>&1', 'sh', ...$command]);
            posix_kill(posix_getpid(), SIGKILL);
        }
        pcntl_waitpid($child, $status);

        return pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0;
    }
}
