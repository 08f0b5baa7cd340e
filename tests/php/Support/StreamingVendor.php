<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/**
 * A vendor whose contents are large, encoded, endless or slow; the path says which
 * (streaming_vendor.php has the list). Serves many connections at once.
 */
final class StreamingVendor
{
    private const START_TIMEOUT_S = 10;

    /** @var resource */
    private $process;

    public readonly string $baseUri;

    public function __construct()
    {
        // A process group of its own, so that the children of its connections end with it.
        $command = ['setsid', PHP_BINARY, '-n', '-d', 'display_errors=stderr', '-d', 'memory_limit=64M', __DIR__ . '/streaming_vendor.php'];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        if ($process === false) {
            throw new \RuntimeException('the streaming vendor did not start');
        }
        $this->process = $process;
        stream_set_timeout($pipes[1], self::START_TIMEOUT_S);
        $this->baseUri = 'http://' . trim((string) fgets($pipes[1])) . '/';
    }

    public function stop(): void
    {
        if (is_resource($this->process)) {
            posix_kill(-proc_get_status($this->process)['pid'], SIGKILL);
            proc_close($this->process);
        }
    }
}
