<?php

/**
 * @file
 * The process of one subject: CASE ARGUMENTS (JSON).
 *
 * A case is a file that returns a function of its arguments, which returns the work (a function of
 * how many times) and the version of what does it. The first line out is that version; then each
 * line in is a number of times, and each line out the nanoseconds that they took: those that the
 * work returns, where it looks at single times, else those of the whole.
 */

declare(strict_types=1);

// A warning in a measured path is a defect of the case.
set_error_handler(static fn (int $level, string $text): never => throw new ErrorException($text, 0, $level));

[, $case, $arguments] = $argv;
if ((opcache_get_status(false)['opcache_enabled'] ?? false) !== true) {
    fwrite(STDERR, "opcache is off\n");
    exit(2);
}
[$work, $version] = (require __DIR__ . "/cases/$case.php")(json_decode($arguments, true, 16, JSON_THROW_ON_ERROR));
echo $version, "\n";

while (($line = fgets(STDIN)) !== false) {
    $times = (int) $line;
    gc_collect_cycles();
    $begun = hrtime(true);
    $taken = $work($times);
    echo $taken ?? hrtime(true) - $begun, "\n";
}
