<?php

declare(strict_types=1);

namespace Causeway\Proof\Kills;

use Causeway\Proof\Stage;
use Causeway\Rig\Broken;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/** A store, a vendor, and workers that are killed: where one lane of the kills plays. */
final class Rig
{
    public readonly string $directory;
    private readonly Program $vendor;
    private readonly string $baseUri;
    private readonly string $namespace;
    private int $kills = 0;

    /** @var array<string, int> Kills that did not happen, by point. */
    private array $missed = [];

    /** @var array<int, int> The vendor's contacts: id to version. */
    private array $versions = [];

    public function __construct(private readonly Stage $stage, string $name, private readonly bool $isPdo)
    {
        $this->directory = $stage->scratch->subdirectory($name);
        $this->namespace = bin2hex(random_bytes(6));
        $port = Machine::freePort();
        $this->baseUri = "http://127.0.0.1:$port/";
        $command = [PHP_BINARY, '-n', '-S', "127.0.0.1:$port", \dirname(__DIR__, 2) . '/workers/kills_vendor.php'];
        $this->vendor = new Program("vendor of $name", $command, "$this->directory/vendor.log", false, ['KILLS_DIRECTORY' => $this->directory, 'PATH' => (string) getenv('PATH')]);
        Machine::awaitPort($port);
        foreach (range(1, 20) as $id) {
            $this->versions[$id] = 1;
        }
        $this->publish();
    }

    /** A new version of a contact at the vendor. */
    public function change(int $id): void
    {
        $this->versions[$id] = ($this->versions[$id] ?? 0) + 1;
        $this->publish();
    }

    public function remove(int $id): void
    {
        unset($this->versions[$id]);
        $this->publish();
    }

    /** @return array<int, int> */
    public function versions(): array
    {
        return $this->versions;
    }

    /**
     * Runs a worker that must die at this point.
     *
     * @param array{id: string, body: string}|null $event
     */
    public function kill(string $task, string $point, ?array $event = null): bool
    {
        [$status, , $said] = $this->run($task, $point, $event);
        if ($status === 128 + SIGKILL && str_contains($said, "killed at $point")) {
            $this->kills++;

            return true;
        }
        $status === 0 || throw new Broken("a worker ($task, $point) ended with $status: " . substr($said, -600));
        $this->missed[$point] = ($this->missed[$point] ?? 0) + 1;

        return false;
    }

    /**
     * Runs a worker to its end.
     *
     * @param array{id: string, body: string}|null $event
     *
     * @return array<string, mixed>
     */
    public function clean(string $task, ?array $event = null): array
    {
        [$status, $answer, $said] = $this->run($task, '', $event);
        $status === 0 || throw new Broken("a clean worker ($task) ended with $status: " . substr($said, -600));

        return json_decode($answer, true, 16, JSON_THROW_ON_ERROR);
    }

    public function kills(): int
    {
        return $this->kills;
    }

    /** @return array<string, int> */
    public function missed(): array
    {
        return $this->missed;
    }

    /** @return list<list<string>> The words of each line of a log; none where there is no log. */
    public function log(string $name): array
    {
        $path = "$this->directory/$name";
        $lines = is_file($path) ? file($path, FILE_IGNORE_NEW_LINES) : [];

        return array_map(static fn (string $line): array => explode(' ', $line), $lines ?: []);
    }

    public function stop(): void
    {
        $this->vendor->stop();
    }

    private function publish(): void
    {
        $new = "$this->directory/versions.new";
        file_put_contents($new, json_encode($this->versions, JSON_THROW_ON_ERROR));
        rename($new, "$this->directory/versions");
    }

    /**
     * @param array{id: string, body: string}|null $event
     *
     * @return array{int, string, string} Exit status (128 and the signal), output, errors.
     */
    private function run(string $task, string $point, ?array $event): array
    {
        $arguments = [
            'task' => $task, 'point' => $point, 'event' => $event, 'directory' => $this->directory, 'base_uri' => $this->baseUri,
            'namespace' => $this->namespace, 'is_pdo' => $this->isPdo, 'ids' => array_keys($this->versions), 'name' => 'crm',
        ];
        $ini = ['causeway.testing' => '1', 'display_errors' => 'stderr', 'error_reporting' => '-1'] + $this->stage->ini();
        $command = [Machine::php(), ...Fpm::flags($ini), \dirname(__DIR__, 2) . '/workers/kills.php', json_encode($arguments, JSON_THROW_ON_ERROR)];
        $environment = ['PATH' => (string) getenv('PATH')] + ($point === '' || str_starts_with($point, 'php.') ? [] : ['CAUSEWAY_FAILPOINT' => $point]);
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, null, $environment);
        $process !== false || throw new Broken('a worker did not start');
        $output = (string) stream_get_contents($pipes[1]);
        $errors = (string) stream_get_contents($pipes[2]);
        array_map('fclose', $pipes);
        // What it said ends with its pipes; its status is there a moment later.
        while (($status = proc_get_status($process))['running']) {
            usleep(500);
        }
        proc_close($process);

        return [$status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'], $output, $errors];
    }
}
