<?php

declare(strict_types=1);

namespace Causeway\Tests\Sdk;

/** The vendors' SDKs in a Node process, one question at a time. */
final class Judge
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    public function __construct(string $directory)
    {
        $command = ['node', __DIR__ . '/judge.mjs'];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes, $directory);
        if ($process === false) {
            throw new \RuntimeException('node did not start');
        }
        $this->process = $process;
    }

    /**
     * What an SDK makes: a signature, a hash.
     *
     * @param array<string, mixed> $arguments
     */
    public function make(string $sdk, string $what, array $arguments): string
    {
        $answer = $this->ask(['sdk' => $sdk, 'op' => $what] + $arguments);

        return $answer['value'] ?? throw new \RuntimeException("$sdk did not sign: " . ($answer['refused'] ?? '?'));
    }

    /**
     * Whether an SDK takes a delivery.
     *
     * @param array<string, mixed> $arguments
     */
    public function takes(string $sdk, array $arguments): bool
    {
        return array_key_exists('value', $this->ask(['sdk' => $sdk, 'op' => 'verify'] + $arguments));
    }

    /**
     * @param array<string, mixed> $question
     *
     * @return array<string, mixed>
     */
    private function ask(array $question): array
    {
        fwrite($this->pipes[0], json_encode($question, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES) . "\n");
        $line = fgets($this->pipes[1]);

        return $line === false ? throw new \RuntimeException('node ended') : json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    }

    public function __destruct()
    {
        fclose($this->pipes[0]);
        proc_close($this->process);
    }
}
