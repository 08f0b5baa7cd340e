<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/** A PHP program of its own with the extension that runs here, for what ends or forks a process. */
final class ChildScript
{
    private const TIMEOUT_S = 60;

    /**
     * Runs code to its end.
     *
     * @param array<string, string> $environment
     *
     * @return array{int, string}
     *   Exit status (128 and above: a signal killed it), and what it printed; behind it what it
     *   wrote to the error stream.
     */
    public static function run(string $code, array $environment = []): array
    {
        $process = proc_open(self::command($code), [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, null, $environment + getenv());
        if ($process === false) {
            throw new \RuntimeException('PHP did not start');
        }
        fclose($pipes[0]);
        $output = self::read($process, [$pipes[1], $pipes[2]]);
        while (($status = proc_get_status($process))['running']) {
            usleep(1000);
        }
        proc_close($process);

        return [$status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'], $output];
    }

    /** @return list<string> */
    private static function command(string $code): array
    {
        $command = [PHP_BINARY, '-n'];
        $settings = [
            'extension' => self::extension(),
            'causeway.testing' => '1',
            'causeway.segment_dir' => (string) ini_get('causeway.segment_dir'),
            'display_errors' => '1',
        ];
        foreach ($settings as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }

        return [...$command, '-r', $code];
    }

    /** The file that this process has loaded. */
    public static function extension(): string
    {
        preg_match('~\S*causeway\S*\.so$~m', (string) file_get_contents('/proc/self/maps'), $match);

        return $match[0] ?? throw new \RuntimeException('the extension is in no file');
    }

    /**
     * @param resource $process
     * @param list<resource> $pipes
     */
    private static function read($process, array $pipes): string
    {
        $end = hrtime(true) + self::TIMEOUT_S * 1_000_000_000;
        $output = ['', ''];
        while ($open = array_filter($pipes, static fn ($pipe): bool => !feof($pipe))) {
            [$read, $write, $except] = [$open, [], []];
            if (hrtime(true) > $end) {
                proc_terminate($process, SIGKILL);
                throw new \RuntimeException('the program ran too long: ' . implode($output));
            }
            stream_select($read, $write, $except, 1);
            foreach ($read as $number => $pipe) {
                $output[$number] .= fread($pipe, 8192);
            }
        }

        return implode($output);
    }
}
