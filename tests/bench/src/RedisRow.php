<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/** One claim in Redis. */
final class RedisRow extends LoopRow
{
    private ?Program $server = null;
    private string $version = '';

    public function id(): string
    {
        return 'redis-claim';
    }

    public function what(): string
    {
        return "one claim of a new event with a payload of 1 KB in Redis $this->version over a Unix socket (no persistence: the round trip alone); "
            . 'against one SET NX by hand over a bare socket; client and server pinned to core ' . Machine::core() . '; PHP ' . PHP_VERSION . ' CLI with opcache';
    }

    public function unit(): string
    {
        return 'µs';
    }

    public function budgets(): array
    {
        return [];
    }

    public function missing(): ?string
    {
        return Machine::program('redis-server') === null ? 'there is no redis-server (make setup)' : null;
    }

    public function finish(): void
    {
        parent::finish();
        $this->server?->stop();
        $this->server = null;
    }

    protected function times(): int
    {
        return 1000;
    }

    protected function subjects(Bench $bench): array
    {
        $directory = $bench->scratch->subdirectory('redis');
        // A path of a Unix socket has room for 107 bytes.
        $socket = sys_get_temp_dir() . '/causeway-bench-' . getmypid() . '.sock';
        $server = Machine::need('redis-server');
        $this->server = new Program('redis', [
            ...Machine::pinned(), $server, '--port', '0', '--unixsocket', $socket, '--dir', $directory, '--save', '', '--appendonly', 'no', '--daemonize', 'no',
        ], "$directory/redis.log");
        Machine::await(static fn (): bool => file_exists($socket), 'Redis does not start');
        $this->version = preg_match('/v=(\S+)/', (string) shell_exec(escapeshellarg($server) . ' --version'), $found) === 1 ? $found[1] : '';
        $arguments = ['url' => "redis+unix://$socket", 'socket' => $socket, 'payload' => str_repeat('{"id":1}', 128)];

        return [
            Row::OURS => new Subject($bench, Row::OURS, 'redis/causeway', $arguments, Machine::pinned(), $bench->ini('redis')),
            'bare SET NX' => new Subject($bench, 'SET NX', 'redis/set-nx', $arguments, Machine::pinned(), []),
        ];
    }
}
