<?php

/**
 * @file
 * Packs a directory of inputs into one file, and lays such a file out again.
 *
 * Usage: php tests/fuzz/corpus.php pack DIRECTORY FILE | unpack FILE DIRECTORY
 *
 * The file holds each input behind its length, four bytes, the lowest first, all of it in gzip. The
 * shortest inputs come first, but for those named crash-…, which are always kept; what would make
 * the file larger than CAP_BYTES is left out: the repository keeps a small corpus.
 */

declare(strict_types=1);

const CAP_BYTES = 15_000;

[, $what, $from, $to] = $argv + [null, null, null, null];

match ($what) {
    'pack' => pack_corpus($from, $to),
    'unpack' => unpack_corpus($from, $to),
    default => exit("usage: php tests/fuzz/corpus.php pack DIRECTORY FILE | unpack FILE DIRECTORY\n"),
};

function pack_corpus(string $directory, string $file): void
{
    $paths = array_filter(glob("$directory/*") ?: [], is_file(...));
    $inputs = array_map(file_get_contents(...), $paths);
    $isCrash = array_map(static fn (string $path): bool => str_starts_with(basename($path), 'crash-'), $paths);
    $lengths = array_map(strlen(...), $inputs);
    array_multisort($isCrash, SORT_DESC, $lengths, SORT_ASC, $inputs);
    // The largest number of inputs whose file is not over the cap.
    [$fits, $tooMany] = [0, count($inputs) + 1];
    while ($tooMany - $fits > 1) {
        $middle = intdiv($fits + $tooMany, 2);
        strlen(packed(array_slice($inputs, 0, $middle))) <= CAP_BYTES ? $fits = $middle : $tooMany = $middle;
    }
    file_put_contents($file, packed(array_slice($inputs, 0, $fits)));
    fwrite(STDERR, basename($file) . ": $fits of " . count($inputs) . " inputs\n");
}

/** @param list<string> $inputs */
function packed(array $inputs): string
{
    return (string) gzencode(implode('', array_map(static fn (string $input): string => pack('V', strlen($input)) . $input, $inputs)), 9);
}

function unpack_corpus(string $file, string $directory): void
{
    $packed = (string) gzdecode((string) file_get_contents($file));
    for ($at = 0; $at < strlen($packed); $at += 4 + $length) {
        $length = unpack('V', $packed, $at)[1];
        $input = substr($packed, $at + 4, $length);
        file_put_contents("$directory/" . sha1($input), $input);
    }
}
