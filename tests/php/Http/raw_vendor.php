<?php

/**
 * @file
 * The raw vendor's side: one connection at a time, one request on each. RawVendor starts it.
 */

declare(strict_types=1);

const MAX_IDLE_S = 120;
const MAX_READ_S = 5;

$directory = $argv[1];
$server = stream_socket_server('tcp://127.0.0.1:0') ?: exit(1);
echo stream_socket_get_name($server, false), "\n";

/**
 * @param resource $connection
 */
function readRequest($connection): string
{
    $request = '';
    $isWhole = false;
    do {
        $piece = fread($connection, 65536);
        $request .= $piece;
        [$head, $body] = explode("\r\n\r\n", $request, 2) + [1 => null];
        if (preg_match('/^transfer-encoding: *chunked/mi', $head) === 1) {
            $isWhole = $body !== null && str_ends_with($body, "0\r\n\r\n");
            continue;
        }
        $length = preg_match('/^content-length: *(\d+)/mi', $head, $match) === 1 ? (int) $match[1] : 0;
        $isWhole = $body !== null && strlen($body) >= $length;
    } while ($piece !== '' && $piece !== false && !$isWhole);

    return $request;
}

$hanging = [];
for ($number = 0; $connection = @stream_socket_accept($server, MAX_IDLE_S); $number++) {
    stream_set_timeout($connection, MAX_READ_S);
    $request = readRequest($connection);
    if ($request === '') {
        continue;
    }
    file_put_contents("$directory/request-$number", $request);
    $answers = is_file("$directory/answers") ? (array) file("$directory/answers", FILE_IGNORE_NEW_LINES) : [];
    $answer = array_shift($answers);
    file_put_contents("$directory/answers", $answers === [] ? '' : implode("\n", $answers) . "\n");
    [$bytes, $then] = json_decode((string) $answer) ?? [base64_encode("HTTP/1.1 404 Nothing Scripted\r\n\r\n"), 'close'];
    fwrite($connection, (string) base64_decode($bytes));
    if ($then === 'hang') {
        $hanging[] = $connection;
        continue;
    }
    fclose($connection);
}
