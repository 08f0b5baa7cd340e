<?php

/**
 * @file
 * Packs a directory of inputs into one file, and lays such a file out again.
 *
 * Usage: php tests/fuzz/corpus.php pack DIRECTORY FILE | unpack FILE DIRECTORY
 *
 * The file holds each input behind its length, four bytes, the lowest first. The shortest inputs
 * come first and what goes beyond CAP_BYTES is left out: the repository keeps a small corpus.
 */

declare(strict_types=1);

const CAP_BYTES = 36_000;

[, $what, $from, $to] = $argv + [null, null, null, null];

match ($what) {
    'pack' => pack_corpus($from, $to),
    'unpack' => unpack_corpus($from, $to),
    default => exit("usage: php tests/fuzz/corpus.php pack DIRECTORY FILE | unpack FILE DIRECTORY\n"),
};

function pack_corpus(string $directory, string $file): void
{
    $inputs = array_map(file_get_contents(...), array_filter(glob("$directory/*") ?: [], is_file(...)));
    usort($inputs, static fn (string $a, string $b): int => strlen($a) <=> strlen($b) ?: $a <=> $b);
    $packed = '';
    foreach ($inputs as $input) {
        if (strlen($packed) + strlen($input) + 4 <= CAP_BYTES) {
            $packed .= pack('V', strlen($input)) . $input;
        }
    }
    file_put_contents($file, $packed);
}

function unpack_corpus(string $file, string $directory): void
{
    $packed = (string) file_get_contents($file);
    for ($at = 0; $at < strlen($packed); $at += 4 + $length) {
        $length = unpack('V', $packed, $at)[1];
        $input = substr($packed, $at + 4, $length);
        file_put_contents("$directory/" . sha1($input), $input);
    }
}
