<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Program;

/**
 * A PHP process of its own that does one piece of work as often as it is told, and says how long it
 * took. It lives through all rounds, so that everything is warm; opcache is on.
 */
final class Subject
{
    private const INI = [
        'opcache.enable_cli' => '1', 'opcache.validate_timestamps' => '0', 'memory_limit' => '-1', 'zend.assertions' => '-1',
        'display_errors' => 'stderr', 'error_reporting' => '-1', 'max_execution_time' => '0',
    ];

    private readonly Program $program;

    /** Of the library that works here. */
    public readonly string $version;

    /**
     * @param string $case A file below cases/, without its suffix.
     * @param array<string, mixed> $arguments For the case.
     * @param list<string> $before What to put before PHP: pinning, or another root.
     * @param array<string, string> $ini
     */
    public function __construct(Bench $bench, string $name, string $case, array $arguments, array $before, array $ini, ?string $php = null)
    {
        $worker = \dirname(__DIR__) . '/worker.php';
        $command = [...$before, $php ?? Machine::php(), ...Fpm::flags($ini + self::INI), $worker, $case, json_encode($arguments, JSON_THROW_ON_ERROR)];
        $this->program = new Program("$name ($case)", $command, $bench->scratch->path('subjects.log'), true);
        $this->version = $this->program->line();
    }

    /** Does the work so many times; nanoseconds for all of it. */
    public function run(int $times): float
    {
        $answer = $this->program->ask((string) $times);

        return is_numeric($answer) ? (float) $answer : throw new Broken("a subject said: $answer");
    }

    public function stop(): void
    {
        $this->program->stop();
    }
}
