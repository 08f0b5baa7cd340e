<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/**
 * A database server with a throw-away directory, reached over a socket in it, ended with the process that started it.
 *
 * One of each kind for all tests: starting one takes seconds.
 */
final class DatabaseServer
{
    private const START_TIMEOUT_S = 60;

    /** @var array<string, self> */
    private static array $running = [];

    /** @var resource */
    private $process;

    private int $databases = 0;

    private function __construct(public readonly string $directory)
    {
    }

    /**
     * Why this kind cannot be started here; NULL when it can.
     *
     * @param 'mysql'|'pgsql'|'redis' $kind
     */
    public static function missing(string $kind): ?string
    {
        [$program, $driver, $package] = match ($kind) {
            'mysql' => [self::find('mariadbd'), 'pdo_mysql', 'mariadb-server and php-mysql'],
            'pgsql' => [self::find('postgres'), 'pdo_pgsql', 'postgresql and php-pgsql'],
            'redis' => [self::find('redis-server'), 'causeway', 'redis-server'],
        };

        return $program !== null && extension_loaded($driver) ? null : "not installed: $package";
    }

    /** @param 'mysql'|'pgsql'|'redis' $kind */
    public static function get(string $kind): self
    {
        return self::$running[$kind] ??= match ($kind) {
            'mysql' => self::startMariaDb(),
            'pgsql' => self::startPostgreSql(),
            'redis' => self::startRedis(),
        };
    }

    /**
     * A new, empty database: its DSN and user.
     *
     * @return array{string, string}
     */
    public function newDatabase(string $kind): array
    {
        $name = sprintf('causeway_%d_%d', getmypid(), ++$this->databases);
        $dsn = static fn (string $of): string => $kind === 'mysql' ? "mysql:unix_socket=%s/socket;dbname=$of" : "pgsql:host=%s;dbname=$of";
        $user = $kind === 'mysql' ? 'root' : 'postgres';
        $existing = sprintf($dsn($kind === 'mysql' ? 'mysql' : 'postgres'), $this->directory);
        (new \PDO($existing, $user))->exec("CREATE DATABASE $name");

        return [sprintf($dsn($name), $this->directory), $user];
    }

    public function redisUrl(): string
    {
        return "redis+unix://$this->directory/socket";
    }

    private static function startMariaDb(): self
    {
        $server = new self(self::newDirectory('mysql'));
        $data = "$server->directory/data";
        self::run([self::find('mariadb-install-db'), '--no-defaults', "--datadir=$data", '--auth-root-authentication-method=normal', '--skip-test-db', '--user=' . self::user('mysql')]);
        $server->start([self::find('mariadbd'), '--no-defaults', "--datadir=$data", "--socket=$server->directory/socket", '--skip-networking', '--user=' . self::user('mysql')]);
        $server->await(static fn () => new \PDO("mysql:unix_socket=$server->directory/socket", 'root'));

        return $server;
    }

    private static function startPostgreSql(): self
    {
        $server = new self(self::newDirectory('postgres'));
        $data = "$server->directory/data";
        // PostgreSQL refuses to run as root.
        $as = posix_geteuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
        self::run([...$as, self::find('initdb'), '--pgdata', $data, '--auth=trust', '--username=postgres', '--no-sync', '--encoding=UTF8']);
        $server->start([...$as, self::find('postgres'), '-D', $data, '-k', $server->directory, '-c', 'listen_addresses=']);
        $server->await(static fn () => new \PDO("pgsql:host=$server->directory;dbname=postgres", 'postgres'));

        return $server;
    }

    private static function startRedis(): self
    {
        $server = new self(self::newDirectory('redis'));
        $server->start([self::find('redis-server'), '--port', '0', '--unixsocket', "$server->directory/socket", '--dir', $server->directory, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--daemonize', 'no']);
        $server->await(static fn () => fclose(stream_socket_client("unix://$server->directory/socket") ?: throw new \RuntimeException('no socket')));

        return $server;
    }

    /** @param list<string> $command */
    private function start(array $command): void
    {
        $log = ['file', "$this->directory/log", 'a'];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes) ?: throw new \RuntimeException("$command[0] did not start");
        $owner = getmypid();
        register_shutdown_function(function () use ($owner): void {
            // A forked child that leaves by exit() must not end its parent's server.
            if (getmypid() === $owner) {
                $this->stop();
            }
        });
    }

    private function await(callable $connects): void
    {
        $deadline = time() + self::START_TIMEOUT_S;
        while (true) {
            try {
                @$connects();

                return;
            } catch (\Throwable $problem) {
                if (time() > $deadline || !proc_get_status($this->process)['running']) {
                    throw new \RuntimeException('the server did not start: ' . file_get_contents("$this->directory/log"), 0, $problem);
                }
                usleep(50_000);
            }
        }
    }

    private function stop(): void
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
        self::run(['rm', '-rf', $this->directory]);
    }

    private static function newDirectory(string $owner): string
    {
        $directory = sys_get_temp_dir() . '/causeway-' . bin2hex(random_bytes(6));
        mkdir($directory, 0755);
        if (posix_geteuid() === 0) {
            chown($directory, $owner === 'redis' ? 'root' : $owner);
        }

        return $directory;
    }

    private static function user(string $name): string
    {
        return posix_geteuid() === 0 ? $name : posix_getpwuid(posix_geteuid())['name'];
    }

    private static function find(string $program): ?string
    {
        foreach (['/usr/sbin', '/usr/bin', '/usr/local/bin', ...glob('/usr/lib/postgresql/*/bin') ?: []] as $place) {
            if (is_executable("$place/$program")) {
                return "$place/$program";
            }
        }

        return null;
    }

    /** @param list<string> $command */
    private static function run(array $command): void
    {
        $process = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'a']], $pipes);
        $output = stream_get_contents($pipes[1]);
        if (proc_close($process) !== 0) {
            throw new \RuntimeException("$command[0] failed: $output");
        }
    }
}
