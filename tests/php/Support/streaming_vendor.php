<?php

/**
 * @file
 * The streaming vendor's side: a process for each connection, one request after another on it.
 *
 * | path | answer |
 * |---|---|
 * | /upload | JSON about the request: method, fields, length, sha256 of its content (but with a field X-Unhashed) |
 * | /upload/flaky?id=X | the same, but 503 to the first request with this id |
 * | /bytes?n=N | N bytes, with their length; `&chunked=1` in chunks; `&status=S` |
 * | /coded/CODING?n=N | N spaces in gzip, deflate or bare deflate; `&cut=N` without the last N bytes |
 * | /raw?coding=C&b64=B | these bytes under this Content-Encoding |
 * | /half?n=N | N bytes of twice as many, then the end of the connection |
 * | /events?n=N | N server-sent events, then the end |
 * | /endless/head, /endless/body, /endless/events | without end |
 * | /drip?ms=M | a byte each M milliseconds, without end |
 * | /wait?ms=M&n=N | {"n": N} after M milliseconds |
 * | /list/WAY?... | pages of seven items, see pages() |
 * | /fields | the request's fields as JSON |
 */

declare(strict_types=1);

namespace Causeway\Tests\Support\StreamingVendorProcess;

const MAX_IDLE_S = 120;
const PIECE_BYTES = 65536;

$server = stream_socket_server('tcp://127.0.0.1:0') ?: exit(1);
echo stream_socket_get_name($server, false), "\n";
pcntl_signal(SIGCHLD, SIG_IGN);
while ($connection = @stream_socket_accept($server, MAX_IDLE_S)) {
    if (pcntl_fork() === 0) {
        fclose($server);
        stream_set_timeout($connection, MAX_IDLE_S);
        while (serve($connection)) {
        }
        exit(0);
    }
    fclose($connection);
}

/**
 * @param resource $connection
 */
function serve($connection): bool
{
    $head = stream_get_line($connection, PIECE_BYTES, "\r\n\r\n");
    if ($head === false || $head === '') {
        return false;
    }
    [$line, $fields] = explode("\r\n", $head, 2) + [1 => ''];
    [$method, $target] = explode(' ', $line);
    $request = ['method' => $method, 'target' => $target, 'fields' => fieldsOf($fields)];
    $request += content($connection, $request['fields']);
    parse_str((string) parse_url($target, PHP_URL_QUERY), $query);

    return answer($connection, (string) parse_url($target, PHP_URL_PATH), $query, $request);
}

/** @return array<string, string> */
function fieldsOf(string $lines): array
{
    $fields = [];
    foreach (explode("\r\n", $lines) as $line) {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $fields[strtolower($name)] = trim($value);
    }

    return $fields;
}

/**
 * Reads the content to its end and keeps what is said of it.
 *
 * @param resource $connection
 * @param array<string, string> $fields
 *
 * @return array{length: int, sha256: string, start: string}
 */
function content($connection, array $fields): array
{
    // Hashing is slower than all the rest.
    $hash = isset($fields['x-unhashed']) ? null : hash_init('sha256');
    [$length, $start] = [0, ''];
    $take = static function (int $bytes) use ($connection, $hash, &$length, &$start): void {
        for ($left = $bytes; $left > 0; $left -= strlen($piece)) {
            $piece = fread($connection, min($left, PIECE_BYTES));
            if ($piece === false || $piece === '') {
                exit(1);
            }
            $hash === null || hash_update($hash, $piece);
            $length += strlen($piece);
            $start .= strlen($start) < 4096 ? $piece : '';
        }
    };
    if (($fields['transfer-encoding'] ?? '') === 'chunked') {
        while (($bytes = hexdec((string) stream_get_line($connection, 100, "\r\n"))) > 0) {
            $take($bytes);
            fread($connection, 2);
        }
        stream_get_line($connection, 100, "\r\n");
    } else {
        $take((int) ($fields['content-length'] ?? 0));
    }

    return ['length' => $length, 'sha256' => $hash === null ? '' : hash_final($hash), 'start' => base64_encode(substr($start, 0, 4096))];
}

/**
 * @param resource $connection
 * @param array<string, string> $query
 * @param array<string, mixed> $request
 */
function answer($connection, string $path, array $query, array $request): bool
{
    $n = (int) ($query['n'] ?? 0);
    match (true) {
        $path === '/upload' => json($connection, $request),
        $path === '/upload/flaky' => json($connection, $request, isFirst($query['id']) ? 503 : 200),
        $path === '/fields' => json($connection, $request['fields']),
        $path === '/bytes' => bytes($connection, $n, isset($query['chunked']), (int) ($query['status'] ?? 200)),
        str_starts_with($path, '/coded/') => coded($connection, substr($path, 7), $n, (int) ($query['cut'] ?? 0)),
        $path === '/raw' => whole($connection, (string) base64_decode($query['b64']), "Content-Encoding: {$query['coding']}\r\n"),
        $path === '/half' => half($connection, $n),
        $path === '/events' => events($connection, $n),
        $path === '/endless/head' => endless($connection, "HTTP/1.1 200 OK\r\n", 'X-More: ' . str_repeat('x', 1000) . "\r\n"),
        $path === '/endless/body' => endless($connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "400\r\n" . str_repeat('x', 1024) . "\r\n"),
        $path === '/endless/events' => endless($connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n", 'data: xxxxxxxxxxxxxxxxxxxxxxxx'),
        $path === '/drip' => endless($connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", (int) $query['ms']),
        $path === '/wait' => later($connection, (int) $query['ms'], ['n' => $n]),
        str_starts_with($path, '/list/') => pages($connection, substr($path, 6), $query, (string) base64_decode($request['start'])),
        default => json($connection, ['error' => 'no such path'], 404),
    };

    return true;
}

/**
 * @param resource $connection
 * @param array<mixed> $data
 */
function json($connection, array $data, int $status = 200, string $fields = ''): void
{
    whole($connection, json_encode($data, JSON_THROW_ON_ERROR), "Content-Type: application/json\r\n$fields", $status);
}

/**
 * @param resource $connection
 * @param array<mixed> $data
 */
function later($connection, int $ms, array $data): void
{
    usleep($ms * 1000);
    json($connection, $data);
}

/** @param resource $connection */
function whole($connection, string $body, string $fields = '', int $status = 200): void
{
    send($connection, "HTTP/1.1 $status As Asked\r\n{$fields}Content-Length: " . strlen($body) . "\r\n\r\n$body");
}

/** @param resource $connection */
function send($connection, string $bytes): void
{
    for ($left = $bytes; $left !== ''; $left = substr($left, $written)) {
        $written = @fwrite($connection, $left);
        if ($written === false || $written === 0) {
            exit(0);
        }
    }
}

/** @param resource $connection */
function bytes($connection, int $n, bool $isChunked, int $status): void
{
    $field = $isChunked ? 'Transfer-Encoding: chunked' : "Content-Length: $n";
    send($connection, "HTTP/1.1 $status As Asked\r\n$field\r\n\r\n");
    for ($left = $n; $left > 0; $left -= $length) {
        $length = min($left, PIECE_BYTES);
        $piece = str_repeat('x', $length);
        send($connection, $isChunked ? dechex($length) . "\r\n$piece\r\n" : $piece);
    }
    send($connection, $isChunked ? "0\r\n\r\n" : '');
}

/** @param resource $connection */
function half($connection, int $n): never
{
    send($connection, "HTTP/1.1 200 OK\r\nContent-Length: " . 2 * $n . "\r\n\r\n" . str_repeat('x', $n));
    exit(0);
}

/** @param resource $connection */
function coded($connection, string $coding, int $n, int $cut): void
{
    $kind = ['gzip' => ZLIB_ENCODING_GZIP, 'deflate' => ZLIB_ENCODING_DEFLATE, 'bare' => ZLIB_ENCODING_RAW][$coding];
    $context = deflate_init($kind, ['level' => 9]) ?: exit(1);
    $body = '';
    for ($left = $n; $left > 0; $left -= PIECE_BYTES) {
        $body .= deflate_add($context, str_repeat(' ', min($left, PIECE_BYTES)), ZLIB_NO_FLUSH);
    }
    $body .= deflate_add($context, '', ZLIB_FINISH);
    $name = $coding === 'bare' ? 'deflate' : $coding;
    whole($connection, substr($body, 0, strlen($body) - $cut), "Content-Encoding: $name\r\n");
}

/** @param resource $connection */
function events($connection, int $n): void
{
    send($connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for ($event = 1; $event <= $n; $event++) {
        // Half of an event at a time: the pieces of the wire are not the events.
        foreach (["id: $event\nevent: tick\nda", "ta: {\"n\":$event}\n\n"] as $piece) {
            send($connection, dechex(strlen($piece)) . "\r\n$piece\r\n");
            usleep(1000);
        }
    }
    $half = "data: never whole\n";
    send($connection, dechex(strlen($half)) . "\r\n$half\r\n0\r\n\r\n");
}

/** @param resource $connection */
function endless($connection, string $head, string $piece, int $pauseMs = 0): never
{
    send($connection, $head);
    while (true) {
        send($connection, $piece);
        usleep($pauseMs * 1000);
    }
}

/**
 * Items 0 to 6, three a page: by link, by cursor, by offset, by page. 'circle' leads in a circle, and
 * the items of 'search' say what was sent for them.
 *
 * @param resource $connection
 * @param array<string, string> $query
 */
function pages($connection, string $way, array $query, string $sent): void
{
    $offset = match ($way) {
        'page' => 3 * ((int) ($query['page'] ?? 1) - 1),
        'offset' => (int) ($query['offset'] ?? 0),
        'circle' => 0,
        default => (int) ltrim($query['cursor'] ?? '0', 'c'),
    };
    $items = array_map(static fn (int $n): array => ['n' => $n], array_slice(range(0, 6), $offset, 3));
    $next = $offset + 3 < 7 ? 'c' . ($offset + 3) : null;
    match ($way) {
        'link' => json($connection, $items, 200, $next === null ? '' : "Link: <?cursor=$next&kept=1>; rel=\"next\"\r\n"),
        'circle' => json($connection, ['items' => $items, 'next_cursor' => 'c0']),
        'search' => json($connection, ['items' => array_map(static fn (array $item): array => $item + ['sent' => $sent], $items), 'next_cursor' => $next]),
        'slow' => later($connection, 50, ['items' => $items, 'next_cursor' => $next]),
        default => json($connection, ['items' => $items, 'next_cursor' => $next, 'total' => 7]),
    };
}

/** Whether nobody asked with this id before. */
function isFirst(string $id): bool
{
    $path = sys_get_temp_dir() . '/causeway-flaky-' . hash('sha256', $id);

    return !@unlink($path) && touch($path);
}
