<?php

/**
 * @file
 * Large contents up and down, one way a line: says the way, the bytes, and by how much the peak of
 * resident memory grew with them.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';

['bytes' => $bytes, 'file' => $file, 'target' => $target] = $arguments = arguments();
$client = client($arguments);

/** Peak of resident memory, KiB. */
function peakKib(): int
{
    preg_match('~^VmHWM:\s+(\d+)~m', (string) file_get_contents('/proc/self/status'), $match);

    return (int) ($match[1] ?? 0);
}

/** @return Generator<int, string> */
function pieces(int $bytes): Generator
{
    $piece = str_repeat("\0", 1 << 16);
    for ($left = $bytes; $left > 0; $left -= strlen($piece)) {
        yield $left >= strlen($piece) ? $piece : substr($piece, 0, $left);
    }
}

$sent = static fn (array $options): int => $client->post('upload', $options + ['headers' => ['X-Unhashed' => '1']])->json()['length'];
$read = static function (string $uri, array $options = []) use ($client): int {
    $length = 0;
    foreach ($client->get($uri, $options + ['stream' => true])->getBody()->chunks() as $chunk) {
        $length += strlen($chunk);
    }

    return $length;
};
$ways = [
    'up, from a generator' => static fn (int $bytes): int => $sent(['body' => pieces($bytes)]),
    'up, from a PHP stream' => static fn (int $bytes): int => $sent(['body' => fopen($file, 'rb')]),
    'up, a file by its name' => static fn (int $bytes): int => $sent(['file' => $file]),
    'up, a file in a form' => static fn (int $bytes): int => $sent(['multipart' => ['title' => 'x', 'file' => ['file' => $file]]]),
    'down, in pieces' => static fn (int $bytes): int => $read("bytes?n=$bytes"),
    'down, in pieces out of chunks' => static fn (int $bytes): int => $read("bytes?n=$bytes&chunked=1"),
    'down, out of gzip' => static fn (int $bytes): int => $read("coded/gzip?n=$bytes"),
    'down, into a file' => static fn (int $bytes): int => $client->get("bytes?n=$bytes", ['sink' => $target])->getBody()->getSize(),
    'down, into a PHP stream' => static fn (int $bytes): int => $client->get("bytes?n=$bytes", ['sink' => fopen('/dev/null', 'wb')])->getBody()->getSize(),
];
foreach ($ways as $way => $go) {
    // What a first call costs is not the stream's.
    ftruncate(fopen($file, 'c+b'), 1 << 20);
    $go(1 << 20);
    ftruncate(fopen($file, 'c+b'), $bytes);
    $before = peakKib();
    $start = hrtime(true);
    $moved = $go($bytes);
    answer(['way' => $way, 'bytes' => $moved, 'grown_kib' => peakKib() - $before, 's' => round((hrtime(true) - $start) / 1e9, 2)]);
    @unlink($target);
}
answer(['way' => null]);
