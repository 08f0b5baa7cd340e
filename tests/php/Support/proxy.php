<?php

/**
 * @file
 * A proxy: proxy.php LOG. Prints its address.
 *
 * A process for each connection. The head of its first request goes into the log as one line of
 * JSON; after CONNECT, and after a request with a whole URL, bytes are carried over as they are. The
 * ports 403 and 407 are answered with that status, all others are connected to on the loopback.
 */

declare(strict_types=1);

namespace Causeway\Tests\Support\ProxyProcess;

const MAX_IDLE_S = 120;
const PIECE_BYTES = 65536;

// Small frames wait for nobody: windows of HTTP/2 are opened by them.
stream_context_set_default(['socket' => ['tcp_nodelay' => true]]);
$server = stream_socket_server('tcp://127.0.0.1:0') ?: exit(1);
echo stream_socket_get_name($server, false), "\n";
pcntl_signal(SIGCHLD, SIG_IGN);
while ($connection = @stream_socket_accept($server, MAX_IDLE_S)) {
    if (pcntl_fork() === 0) {
        fclose($server);
        tunnel($connection, $argv[1]);
        exit(0);
    }
    fclose($connection);
}

/** @param resource $client */
function tunnel($client, string $log): void
{
    $head = (string) stream_get_line($client, PIECE_BYTES, "\r\n\r\n");
    file_put_contents($log, json_encode($head) . "\n", FILE_APPEND | LOCK_EX);
    if (preg_match('~^(?:CONNECT |[A-Z]+ http://)[^ :/]+:(\d+)(?:/\S*)? HTTP/1\.1\r\n~', $head, $match) !== 1) {
        fwrite($client, "HTTP/1.1 400 No target\r\nContent-Length: 0\r\n\r\n");

        return;
    }
    $port = (int) $match[1];
    $vendor = in_array($port, [403, 407], true) ? false : @stream_socket_client("tcp://127.0.0.1:$port", $code, $text, 5.0);
    if ($vendor === false) {
        fwrite($client, 'HTTP/1.1 ' . ($port < 1024 ? $port : 502) . " Refused\r\nContent-Length: 0\r\n\r\n");

        return;
    }
    str_starts_with($head, 'CONNECT ') ? fwrite($client, "HTTP/1.1 200 Connected\r\n\r\n") : fwrite($vendor, "$head\r\n\r\n");
    stream_set_blocking($client, true);
    while (copy_once($client, $vendor)) {
    }
}

/**
 * Carries over what is there, in both ways; FALSE at an end.
 *
 * @param resource $one
 * @param resource $other
 */
function copy_once($one, $other): bool
{
    [$read, $write, $except] = [[$one, $other], null, null];
    if (stream_select($read, $write, $except, MAX_IDLE_S) === 0) {
        return false;
    }
    foreach ($read as $from) {
        $bytes = fread($from, PIECE_BYTES);
        if ($bytes === false || $bytes === '') {
            return false;
        }
        for ($left = $bytes; $left !== ''; $left = substr($left, $written)) {
            $written = @fwrite($from === $one ? $other : $one, $left);
            if ($written === false || $written === 0) {
                return false;
            }
        }
    }

    return true;
}
