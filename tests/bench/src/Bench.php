<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Scratch;

/** Runs rows: prepares each, runs its rounds, and collects the figures. */
final class Bench
{
    public readonly Scratch $scratch;

    public function __construct(
        public readonly int $rounds,
        /** The extension under test. */
        public readonly string $extension,
        /** The extension for PHP 8.4, where there is one. */
        public readonly ?string $extension84,
    ) {
        $this->scratch = new Scratch('bench');
    }

    public function run(Row $row, string $place): Result
    {
        $result = new Result($row);
        $result->skipped = $row->missing();
        if ($result->skipped !== null) {
            $this->say("$place {$row->id()}: skipped, because $result->skipped", true);

            return $result;
        }
        $begun = microtime(true);
        try {
            $this->say("$place {$row->id()}: preparing");
            $row->prepare($this);
            $result->what = $row->what();
            $row->round(0);
            for ($round = 1; $round <= $this->rounds; $round++) {
                $this->say("$place {$row->id()}: round $round of $this->rounds");
                $result->add($row->round($round));
            }
        } catch (Broken $broken) {
            $result->broken = $broken->getMessage();
        } finally {
            $row->finish();
        }
        $this->say(\sprintf('%s %s: %.0f s. %s', $place, $row->id(), microtime(true) - $begun, Report::line($result)), true);

        return $result;
    }

    /**
     * The ini settings of a PHP with the extension, with a segment of its own.
     *
     * @return array<string, string>
     */
    public function ini(string $name): array
    {
        return ['extension' => $this->extension, 'causeway.segment_dir' => $this->scratch->subdirectory("segment-$name")];
    }

    /** A line that the next one replaces on a terminal; in a log only the last words of a row are kept. */
    private function say(string $text, bool $isLast = false): void
    {
        $terminal = stream_isatty(STDERR);
        if ($terminal || $isLast) {
            fwrite(STDERR, ($terminal ? "\r\e[K" : '') . $text . ($isLast ? "\n" : ''));
        }
    }
}
