<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** A php-fpm with a fixed number of workers behind a Unix socket; ends with this object. */
final class Fpm
{
    public readonly Program $program;
    public readonly string $socket;

    /**
     * @param array<string, string> $ini
     * @param array<string, string|int> $pool Further settings of the pool.
     * @param array<string, string|int> $global Further global settings.
     */
    public function __construct(Scratch $scratch, string $name, public readonly int $workers, array $ini, array $pool = [], array $global = [])
    {
        $directory = $scratch->subdirectory($name);
        // A path of a Unix socket has room for 107 bytes.
        $this->socket = sys_get_temp_dir() . '/causeway-rig-' . getmypid() . '-' . bin2hex(random_bytes(4)) . '.sock';
        $root = posix_geteuid() === 0;
        $global += ['daemonize' => 'no', 'error_log' => "$directory/fpm.log"];
        $pool += ($root ? ['user' => 'root', 'group' => 'root'] : []) + [
            'listen' => $this->socket, 'listen.backlog' => 2048, 'pm' => 'static', 'pm.max_children' => $workers,
            'clear_env' => 'no', 'catch_workers_output' => 'yes',
        ];
        $lines = static fn (array $settings): string => implode("\n", array_map(static fn ($key, $value): string => "$key = $value", array_keys($settings), $settings));
        file_put_contents("$directory/fpm.conf", "[global]\n{$lines($global)}\n[rig]\n{$lines($pool)}\n");
        $command = [Machine::fpm(), ...($root ? ['-R'] : []), ...self::flags($ini), '-y', "$directory/fpm.conf"];
        $this->program = new Program($name, $command, "$directory/out.log");
        try {
            Machine::await(fn (): bool => \count($this->pids()) === $workers && file_exists($this->socket), 'not yet');
        } catch (Broken) {
            throw new Broken("$name did not start: " . file_get_contents("$directory/out.log") . @file_get_contents("$directory/fpm.log"));
        }
    }

    public function __destruct()
    {
        if ($this->program->isRunning()) {
            $this->program->stop();
        }
        @unlink($this->socket);
    }

    /** @return list<int> The workers of now. */
    public function pids(): array
    {
        return Machine::children($this->program->pid);
    }

    /**
     * @param array<string, string> $ini
     *
     * @return list<string>
     */
    public static function flags(array $ini): array
    {
        $flags = [];
        foreach ($ini as $name => $value) {
            array_push($flags, '-d', "$name=$value");
        }

        return $flags;
    }
}
