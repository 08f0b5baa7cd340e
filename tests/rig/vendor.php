<?php

/**
 * @file
 * The vendor's process: DIRECTORY [CERTIFICATE KEY HELLO_MS]. Prints its port, and serves until it is ended.
 *
 * | path | answer |
 * |---|---|
 * | /ok | 200 at once, with a number in the body that no other answer has |
 * | /slow/MS | 200 after so many milliseconds |
 * | /status/CODE | this status |
 * | /once/CODE/MS/KEY | this status for the first request with the key, then 200 after MS |
 * | /close | 200, and the connection is closed right after, without a word in the head |
 *
 * A TLS handshake is begun HELLO_MS after its connection came. While DIRECTORY/down exists, everything is 503, after the milliseconds that it holds. DIRECTORY/log gets a line for each arrival (number,
 * time, method, path) and each answer (number, time, status); times are hrtime(true).
 */

declare(strict_types=1);

final class VendorProcess
{
    /** @var array<int, resource> */
    private array $sockets = [];

    /** @var array<int, string> What was read and not yet answered. */
    private array $input = [];

    /** @var array<int, true> Connections that wait for an answer. */
    private array $busy = [];

    /** @var list<array{int, int, int, int, bool}> Answers to come: due, connection, request, status, whether it closes. */
    private array $due = [];

    /** @var array<string, true> */
    private array $seen = [];

    /** @var array<int, int> When the handshake of a connection that is under way may begin. */
    private array $greeting = [];

    private int $requests = 0;

    /** @var resource */
    private $log;

    /** @param resource $listener */
    public function __construct(private $listener, private readonly string $directory, private readonly bool $isTls, private readonly int $helloMs)
    {
        $this->log = fopen("$directory/log", 'a') ?: throw new RuntimeException('no log');
    }

    public function serve(): never
    {
        while (true) {
            $now = hrtime(true);
            $waiting = array_filter($this->greeting, static fn (int $at): bool => $at > $now);
            $read = [$this->listener, ...array_diff_key($this->sockets, $waiting)];
            [$write, $except] = [null, null];
            $next = max(0, min([$now + 1_000_000_000, ...array_column($this->due, 0), ...$waiting]) - $now);
            if (@stream_select($read, $write, $except, intdiv($next, 1_000_000_000), intdiv($next % 1_000_000_000, 1000)) > 0) {
                foreach ($read as $socket) {
                    $socket === $this->listener ? $this->accept() : $this->receive($socket);
                }
            }
            $this->answerDue();
        }
    }

    private function accept(): void
    {
        while (($socket = @stream_socket_accept($this->listener, 0.0)) !== false) {
            stream_set_blocking($socket, false);
            $id = get_resource_id($socket);
            [$this->sockets[$id], $this->input[$id]] = [$socket, ''];
            if ($this->isTls) {
                $this->greeting[$id] = hrtime(true) + $this->helloMs * 1_000_000;
            }
        }
    }

    /** @param resource $socket */
    private function receive($socket): void
    {
        $id = get_resource_id($socket);
        if (isset($this->greeting[$id])) {
            $end = @stream_socket_enable_crypto($socket, true, STREAM_CRYPTO_METHOD_TLSv1_2_SERVER | STREAM_CRYPTO_METHOD_TLSv1_3_SERVER);
            if ($end === false) {
                $this->close($id);
            } elseif ($end === true) {
                unset($this->greeting[$id]);
            }

            return;
        }
        $bytes = @fread($socket, 65536);
        if ($bytes === '' || $bytes === false) {
            if (feof($socket)) {
                $this->close($id);
            }

            return;
        }
        $this->input[$id] .= $bytes;
        $this->take($id);
    }

    /** Begins the next whole request of a connection. */
    private function take(int $id): void
    {
        $end = strpos($this->input[$id], "\r\n\r\n");
        if ($end === false || isset($this->busy[$id])) {
            return;
        }
        $head = substr($this->input[$id], 0, $end);
        $length = preg_match('/\r\ncontent-length:\s*(\d+)/i', $head, $found) === 1 ? (int) $found[1] : 0;
        if (strlen($this->input[$id]) < $end + 4 + $length) {
            return;
        }
        $this->input[$id] = substr($this->input[$id], $end + 4 + $length);
        [$method, $path] = explode(' ', $head, 3);
        $now = hrtime(true);
        $number = $this->requests++;
        fwrite($this->log, "arrived $number $now $method $path\n");
        $this->busy[$id] = true;
        [$status, $delayMs] = $this->decide($path);
        $this->due[] = [$now + $delayMs * 1_000_000, $id, $number, $status, strtok($path, '?') === '/close'];
    }

    /** @return array{int, int} Status and delay. */
    private function decide(string $path): array
    {
        $words = explode('/', trim((string) strtok($path, '?'), '/'));
        clearstatcache();
        if (file_exists("$this->directory/down")) {
            return [503, (int) file_get_contents("$this->directory/down")];
        }
        if ($words[0] === 'once') {
            $isFirst = !isset($this->seen[$path]);
            $this->seen[$path] = true;

            return $isFirst ? [(int) $words[1], 0] : [200, (int) $words[2]];
        }

        return [$words[0] === 'status' ? (int) $words[1] : 200, $words[0] === 'slow' ? (int) $words[1] : 0];
    }

    private function answerDue(): void
    {
        $now = hrtime(true);
        $due = $this->due;
        $this->due = [];
        foreach ($due as $place => [$at, $id, $number, $status, $closes]) {
            if ($at > $now) {
                continue;
            }
            unset($due[$place]);
            if (!isset($this->sockets[$id])) {
                continue;
            }
            $body = json_encode(['number' => $number, 'text' => str_repeat('x', 100)]);
            $sent = @fwrite($this->sockets[$id], "HTTP/1.1 $status X\r\nContent-Type: application/json\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
            fwrite($this->log, "answered $number " . hrtime(true) . ' ' . ($sent === false ? 0 : $status) . "\n");
            unset($this->busy[$id]);
            $closes ? $this->close($id) : $this->take($id);
        }
        array_push($this->due, ...$due);
    }

    private function close(int $id): void
    {
        @fclose($this->sockets[$id]);
        unset($this->sockets[$id], $this->input[$id], $this->busy[$id], $this->greeting[$id]);
    }
}

[, $directory, $certificate, $key] = $argv + [2 => null, 3 => null];
$context = stream_context_create(['socket' => ['backlog' => 1024], 'ssl' => ['local_cert' => $certificate, 'local_pk' => $key]]);
$listener = stream_socket_server('tcp://127.0.0.1:0', $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context) ?: exit(2);
stream_set_blocking($listener, false);
$name = (string) stream_socket_get_name($listener, false);
echo substr($name, (int) strrpos($name, ':') + 1), "\n";
(new VendorProcess($listener, $directory, $certificate !== null, (int) ($argv[4] ?? 0)))->serve();
