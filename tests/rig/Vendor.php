<?php

declare(strict_types=1);

namespace Causeway\Rig;

/**
 * A vendor on loopback that does what the path says (see vendor.php) and logs each arrival and each
 * answer with the monotonic clock that all processes of the machine share.
 */
final class Vendor
{
    public readonly string $baseUri;
    private readonly Program $program;
    private readonly string $directory;

    /** @param int $helloMs A TLS handshake begins so late. */
    public function __construct(Scratch $scratch, ?Certificates $certificates = null, int $helloMs = 0)
    {
        $this->directory = $scratch->subdirectory('vendor-' . bin2hex(random_bytes(3)));
        $command = [PHP_BINARY, '-d', 'opcache.enable_cli=1', __DIR__ . '/vendor.php', $this->directory];
        if ($certificates !== null) {
            array_push($command, $certificates->certificate, $certificates->key, (string) $helloMs);
        }
        $this->program = new Program('vendor', $command, "$this->directory/out.log", true);
        $this->baseUri = ($certificates === null ? 'http' : 'https') . "://127.0.0.1:{$this->program->line()}/";
    }

    /** From now on every request is answered with 503, after so long. */
    public function setDown(int $afterMs = 0): void
    {
        file_put_contents("$this->directory/down", (string) $afterMs);
    }

    public function setUp(): void
    {
        @unlink("$this->directory/down");
    }

    /**
     * What arrived, oldest first.
     *
     * @return list<array{arrived_ns: int, answered_ns: ?int, method: string, path: string, status: ?int}>
     */
    public function log(): array
    {
        $requests = [];
        foreach (file("$this->directory/log", FILE_IGNORE_NEW_LINES) ?: [] as $line) {
            $words = explode(' ', $line);
            if ($words[0] === 'arrived') {
                $requests[(int) $words[1]] = ['arrived_ns' => (int) $words[2], 'answered_ns' => null, 'method' => $words[3], 'path' => $words[4], 'status' => null];
            } else {
                $requests[(int) $words[1]]['answered_ns'] = (int) $words[2];
                $requests[(int) $words[1]]['status'] = (int) $words[3];
            }
        }

        return array_values($requests);
    }

    public function forget(): void
    {
        file_put_contents("$this->directory/log", '');
    }

    public function stop(): void
    {
        $this->program->stop();
    }
}
