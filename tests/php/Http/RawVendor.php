<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

/**
 * A vendor that answers with the very bytes it was given, in order, and keeps the very bytes it was
 * sent: for what a real HTTP server would tidy up. Closes the connection after each answer.
 */
final class RawVendor
{
    private const START_TIMEOUT_S = 10;

    /** @var resource */
    private $process;

    public readonly string $baseUri;

    public function __construct(private readonly string $directory)
    {
        $streams = [['pipe', 'r'], ['pipe', 'w'], STDERR];
        $process = proc_open([PHP_BINARY, '-n', __DIR__ . '/raw_vendor.php', $directory], $streams, $pipes);
        if ($process === false) {
            throw new \RuntimeException('the raw vendor did not start');
        }
        $this->process = $process;
        stream_set_timeout($pipes[1], self::START_TIMEOUT_S);
        $this->baseUri = 'http://' . trim((string) fgets($pipes[1])) . '/';
    }

    /**
     * @param string $bytes
     *   The head's lines are closed here, with the field that announces the connection's end.
     */
    public function answer(string $bytes, string $body = ''): self
    {
        return $this->script("$bytes\r\nConnection: close\r\n\r\n$body", 'close');
    }

    /** Reads the request and never answers. */
    public function hang(): self
    {
        return $this->script('', 'hang');
    }

    /** @return list<string> each with head and body */
    public function requests(): array
    {
        $files = glob("$this->directory/request-*") ?: [];
        natsort($files);

        return array_map(static fn (string $file): string => (string) file_get_contents($file), array_values($files));
    }

    public function stop(): void
    {
        if (is_resource($this->process)) {
            proc_terminate($this->process, SIGKILL);
            proc_close($this->process);
        }
    }

    private function script(string $bytes, string $then): self
    {
        $line = json_encode([base64_encode($bytes), $then], JSON_THROW_ON_ERROR);
        file_put_contents("$this->directory/answers", "$line\n", FILE_APPEND);

        return $this;
    }
}
