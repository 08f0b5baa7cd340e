<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Program;
use Causeway\Rig\Scratch;

/** Where one proof plays: its files and processes, how long it may take, and what it found. */
final class Stage
{
    public readonly Scratch $scratch;

    private int $failed = 0;

    private int $checks = 0;

    public function __construct(public readonly string $extension, public readonly bool $isShort, private readonly string $name)
    {
        $this->scratch = new Scratch("proof-$name");
    }

    /** A number for the long form, and one for the short. */
    public function scaled(int $long, int $short): int
    {
        return $this->isShort ? $short : $long;
    }

    /**
     * The ini settings of a PHP with the extension; all processes share the runner's segment.
     *
     * @return array<string, string>
     */
    public function ini(): array
    {
        return ['extension' => $this->extension, 'causeway.segment_dir' => (string) \ini_get('causeway.segment_dir')];
    }

    /**
     * A PHP with the extension that runs a file of workers/; it answers in lines of JSON. Its
     * connection is called as the proof, unless the arguments name it.
     *
     * @param array<string, mixed> $arguments
     * @param array<string, string> $ini
     */
    public function worker(string $script, array $arguments, array $ini = []): Program
    {
        $file = \dirname(__DIR__) . "/workers/$script.php";
        $command = [Machine::php(), ...Fpm::flags($ini + $this->ini() + ['display_errors' => 'stderr', 'error_reporting' => '-1']), $file];

        return new Program($script, [...$command, json_encode($arguments + ['name' => $this->name], JSON_THROW_ON_ERROR)], $this->scratch->path("$script.log"), true);
    }

    /**
     * A worker's next line.
     *
     * @return array<string, mixed>
     */
    public static function answer(Program $worker, float $timeoutS = 120.0): array
    {
        return json_decode($worker->line($timeoutS), true, 16, JSON_THROW_ON_ERROR);
    }

    public function exactly(string $what, int|string $expected, int|string $got): void
    {
        $this->check($got === $expected, $what, (string) $got, "exactly $expected");
    }

    public function atMost(string $what, int|float $bound, int|float $got, string $unit = ''): void
    {
        $this->check($got <= $bound, $what, self::written($got) . $unit, 'at most ' . self::written($bound) . $unit);
    }

    public function atLeast(string $what, int|float $bound, int|float $got, string $unit = ''): void
    {
        $this->check($got >= $bound, $what, self::written($got) . $unit, 'at least ' . self::written($bound) . $unit);
    }

    /** A figure that has no bound. */
    public function note(string $what, int|float|string $got, string $unit = ''): void
    {
        printf("          %-72s %s\n", $what, (\is_string($got) ? $got : self::written($got)) . $unit);
    }

    public function hasFailed(): bool
    {
        return $this->failed > 0 || $this->checks === 0;
    }

    private function check(bool $holds, string $what, string $got, string $bound): void
    {
        $this->checks++;
        $this->failed += $holds ? 0 : 1;
        printf("  %-6s  %-72s %s (%s)\n", $holds ? 'holds' : 'FAILED', $what, $got, $bound);
    }

    private static function written(int|float $value): string
    {
        return \is_int($value) ? (string) $value : rtrim(rtrim(number_format($value, 3, '.', ''), '0'), '.');
    }
}
