<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** What this machine has: programs, cores, free ports, and what its processes hold. */
final class Machine
{
    /** The first of these programs, as a path; they need not be on everybody's path. */
    public static function program(string ...$names): ?string
    {
        foreach ($names as $name) {
            foreach ([...explode(':', (string) getenv('PATH')), '/usr/sbin', '/usr/local/sbin', '/sbin'] as $directory) {
                if (is_executable("$directory/$name")) {
                    return "$directory/$name";
                }
            }
        }

        return null;
    }

    /** As program(), for what must be there. */
    public static function need(string ...$names): string
    {
        return self::program(...$names) ?? throw new Broken("there is no {$names[0]} (make setup)");
    }

    /** The PHP that is measured: PHP, else the one that runs this. */
    public static function php(): string
    {
        $named = (string) getenv('PHP');

        return $named === '' ? PHP_BINARY : self::need($named, basename($named));
    }

    /** Of the same series as the PHP that runs this. */
    public static function fpm(): string
    {
        return self::need('php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, 'php-fpm');
    }

    /** The core for what is pinned: the last one, as interrupts prefer the first. */
    public static function core(): int
    {
        return max(0, self::cores() - 1);
    }

    public static function cores(): int
    {
        return max(1, substr_count((string) file_get_contents('/proc/cpuinfo'), 'processor'));
    }

    /** @return list<string> What to put before a command to pin it. */
    public static function pinned(): array
    {
        return [self::need('taskset'), '-c', (string) self::core()];
    }

    /** A port of the loopback that was free a moment ago. */
    public static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0') ?: throw new Broken('no free port');
        $name = (string) stream_socket_get_name($socket, false);
        fclose($socket);

        return (int) substr($name, (int) strrpos($name, ':') + 1);
    }

    /** Waits until somebody listens. */
    public static function awaitPort(int $port, float $timeoutS = 10.0): void
    {
        self::await(static function () use ($port): bool {
            $socket = @stream_socket_client("tcp://127.0.0.1:$port", $code, $text, 1.0);

            return $socket !== false && fclose($socket);
        }, "nobody listens on port $port", $timeoutS);
    }

    /** Waits until something is so. */
    public static function await(callable $isSo, string $else, float $timeoutS = 10.0): void
    {
        for ($end = microtime(true) + $timeoutS; !$isSo(); usleep(5000)) {
            microtime(true) < $end || throw new Broken($else);
        }
    }

    /** Memory of a process that it shares with none, KiB. */
    public static function privateKib(int $pid): int
    {
        $rollup = (string) @file_get_contents("/proc/$pid/smaps_rollup");
        preg_match_all('/^Private_(?:Clean|Dirty):\s+(\d+) kB$/m', $rollup, $found);

        return (int) array_sum($found[1]);
    }

    public static function descriptors(int $pid): int
    {
        return max(0, \count(@scandir("/proc/$pid/fd") ?: []) - 2);
    }

    public static function threads(int $pid): int
    {
        return max(0, \count(@scandir("/proc/$pid/task") ?: []) - 2);
    }

    /** Peak of the memory that a process had resident, KiB. */
    public static function peakKib(int $pid): int
    {
        preg_match('/^VmHWM:\s+(\d+) kB$/m', (string) @file_get_contents("/proc/$pid/status"), $found);

        return (int) ($found[1] ?? 0);
    }

    /** @return list<int> The children of a process. */
    public static function children(int $pid): array
    {
        return array_map('intval', preg_split('/\s+/', (string) @file_get_contents("/proc/$pid/task/$pid/children"), -1, PREG_SPLIT_NO_EMPTY) ?: []);
    }
}
