<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/**
 * A vendor on a free port of the loopback: answers what it was told, in order, the last answer for
 * ever, and remembers what it was asked.
 */
final class ScriptedVendor
{
    private const START_TIMEOUT_S = 10;

    /** @var resource */
    private $process;

    /** @var resource */
    private $log;

    public readonly string $baseUri;

    public function __construct(private readonly string $directory)
    {
        mkdir($directory, 0700);
        $command = [PHP_BINARY, '-n', '-d', 'display_errors=stderr', '-S', '127.0.0.1:0', __DIR__ . '/vendor.php'];
        $environment = ['VENDOR_DIRECTORY' => $directory, 'PHP_CLI_SERVER_WORKERS' => '1'];
        $streams = [['pipe', 'r'], ['file', "$directory/log", 'a'], ['pipe', 'w']];
        $process = proc_open($command, $streams, $pipes, null, $environment);
        if ($process === false) {
            throw new \RuntimeException('the scripted vendor did not start');
        }
        $this->process = $process;
        $this->baseUri = self::addressOf($pipes[2]) . '/';
        // Its log goes nowhere, but the pipe must not fill up.
        stream_set_blocking($pipes[2], false);
        $this->log = $pipes[2];
    }

    /** @param array<string, string> $headers */
    public function answer(int $status, mixed $json = null, array $headers = []): self
    {
        $body = $json === null ? '' : json_encode($json, JSON_THROW_ON_ERROR);
        $answer = ['status' => $status, 'headers' => $headers + ['Content-Type' => 'application/json'], 'body' => $body];
        file_put_contents("$this->directory/answers", json_encode($answer, JSON_THROW_ON_ERROR) . "\n", FILE_APPEND);

        return $this;
    }

    /** Forgets the answers that were not given yet. */
    public function reset(): self
    {
        @unlink("$this->directory/answers");

        return $this;
    }

    /** @return list<array{method: string, target: string, headers: array<string, string>, body: string}> */
    public function requests(): array
    {
        stream_get_contents($this->log);
        $path = "$this->directory/requests";
        $lines = is_file($path) ? file($path, FILE_IGNORE_NEW_LINES) : [];

        return array_map(static fn (string $line): array => json_decode($line, true), $lines ?: []);
    }

    public function stop(): void
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
        array_map('unlink', glob("$this->directory/*") ?: []);
        rmdir($this->directory);
    }

    /**
     * Reads the address from the server's first line.
     *
     * @param resource $log
     */
    private static function addressOf($log): string
    {
        stream_set_timeout($log, self::START_TIMEOUT_S);
        while (($line = fgets($log)) !== false) {
            if (preg_match('~\((http://127\.0\.0\.1:\d+)\) started~', $line, $match) === 1) {
                return $match[1];
            }
        }

        throw new \RuntimeException('the scripted vendor did not say where it listens');
    }
}
