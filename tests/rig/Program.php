<?php

declare(strict_types=1);

namespace Causeway\Rig;

/**
 * A program that was started, and that never outlives us: it ends with this object, and the kernel
 * ends it when this process dies (setpriv --pdeathsig). It answers line by line where it has pipes.
 */
final class Program
{
    private const GRACE_S = 5.0;

    /** @var resource|null */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    private string $rest = '';

    private readonly int $owner;

    public readonly int $pid;

    /**
     * @param list<string> $command
     * @param string $log Where its errors go (and its output, without pipes).
     * @param array<string, string>|null $environment
     */
    public function __construct(private readonly string $name, array $command, private readonly string $log, bool $hasPipes = false, ?array $environment = null)
    {
        $errors = ['file', $log, 'a'];
        $streams = $hasPipes ? [['pipe', 'r'], ['pipe', 'w'], $errors] : [['file', '/dev/null', 'r'], $errors, $errors];
        $process = proc_open(['setpriv', '--pdeathsig', 'TERM', '--', ...$command], $streams, $this->pipes, null, $environment);
        if ($process === false) {
            throw new Broken("$name did not start");
        }
        $this->process = $process;
        $this->pid = proc_get_status($process)['pid'];
        $this->owner = (int) getmypid();
    }

    public function __destruct()
    {
        if ($this->owner === getmypid()) {
            $this->stop();
        }
    }

    public function isRunning(): bool
    {
        return $this->process !== null && proc_get_status($this->process)['running'];
    }

    public function signal(int $signal): void
    {
        posix_kill($this->pid, $signal);
    }

    /** Sends a line and reads the answering one. */
    public function ask(string $line, float $timeoutS = 120.0): string
    {
        $this->send($line);

        return $this->line($timeoutS);
    }

    public function send(string $line): void
    {
        if (@fwrite($this->pipes[0], "$line\n") === false) {
            throw new Broken("$this->name is gone: " . $this->lastWords());
        }
    }

    /** The next line of its output. */
    public function line(float $timeoutS = 120.0): string
    {
        $end = microtime(true) + $timeoutS;
        stream_set_blocking($this->pipes[1], false);
        while (!str_contains($this->rest, "\n")) {
            $left = $end - microtime(true);
            if ($left <= 0) {
                throw new Broken("$this->name did not answer within $timeoutS s");
            }
            [$read, $write, $except] = [[$this->pipes[1]], null, null];
            stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1.0) * 1e6));
            $bytes = fread($this->pipes[1], 65536);
            if (($bytes === '' || $bytes === false) && feof($this->pipes[1])) {
                throw new Broken("$this->name ended: " . $this->lastWords());
            }
            $this->rest .= $bytes;
        }
        [$line, $this->rest] = explode("\n", $this->rest, 2);

        return $line;
    }

    /** Waits for its end; the exit status. */
    public function wait(float $timeoutS): int
    {
        $end = microtime(true) + $timeoutS;
        while (microtime(true) < $end) {
            $status = $this->process === null ? null : proc_get_status($this->process);
            if ($status !== null && !$status['running']) {
                $this->stop();

                return $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
            }
            usleep(5000);
        }
        throw new Broken("$this->name did not end within $timeoutS s");
    }

    /** Ends it, first politely. */
    public function stop(): void
    {
        if ($this->process === null) {
            return;
        }
        array_map('fclose', $this->pipes);
        $this->pipes = [];
        $end = microtime(true) + self::GRACE_S;
        proc_terminate($this->process, SIGTERM);
        while (proc_get_status($this->process)['running'] && microtime(true) < $end) {
            usleep(5000);
        }
        if (proc_get_status($this->process)['running']) {
            proc_terminate($this->process, SIGKILL);
        }
        proc_close($this->process);
        $this->process = null;
    }

    private function lastWords(): string
    {
        usleep(20_000);

        return substr(trim((string) @file_get_contents($this->log)), -600);
    }
}
