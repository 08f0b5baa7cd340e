<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Broken;
use Causeway\Rig\Fpm;
use Causeway\Rig\Machine;
use Causeway\Rig\Program;
use Causeway\Rig\Vendor;

/** How many calls a vendor gets when many processes ask for the same cold URL at once. */
final class ColdRow implements Row
{
    private const PROCESSES = 100;
    private const ANSWER_AFTER_MS = 400;

    private ?Bench $bench = null;
    private ?Vendor $vendor = null;

    public function id(): string
    {
        return 'cold-url-100';
    }

    public function what(): string
    {
        return 'calls that reach the vendor when ' . self::PROCESSES . ' processes ask for the same cold URL at the same moment (it answers after '
            . self::ANSWER_AFTER_MS . ' ms); every process has the right answer; PHP ' . PHP_VERSION;
    }

    public function unit(): string
    {
        return 'calls';
    }

    public function budgets(): array
    {
        return [Budget::atMost(1.0, 'call')];
    }

    public function missing(): ?string
    {
        return Peers::missing();
    }

    public function prepare(Bench $bench): void
    {
        $this->bench = $bench;
        $this->vendor = new Vendor($bench->scratch);
    }

    public function round(int $number): array
    {
        $figures = [];
        foreach (LoopRow::rotated([Row::OURS, 'Guzzle 7'], $number) as $name) {
            $figures[$name] = $this->ask($name === Row::OURS ? null : Peers::guzzle7(), "slow/" . self::ANSWER_AFTER_MS . "/$number");
        }

        return $figures;
    }

    public function finish(): void
    {
        $this->vendor?->stop();
        $this->vendor = null;
    }

    private function ask(?string $autoload, string $path): float
    {
        if ($this->bench === null || $this->vendor === null) {
            throw new Broken('not prepared');
        }
        $this->vendor->forget();
        $arguments = [
            'name' => 'cold', 'base_uri' => $this->vendor->baseUri, 'children' => self::PROCESSES, 'path' => $path, 'autoload' => $autoload,
            'options' => ['coalesce' => true, 'timeouts' => ['connect_ms' => 5000, 'attempt_ms' => 20_000, 'total_ms' => 30_000]],
        ];
        $script = \dirname(__DIR__, 2) . '/proof/workers/cold.php';
        $command = [Machine::php(), ...Fpm::flags($autoload === null ? $this->bench->ini('cold') : []), $script, json_encode($arguments, JSON_THROW_ON_ERROR)];
        $program = new Program('cold', $command, $this->bench->scratch->path('cold.log'), true);
        $found = json_decode($program->line(), true, 16, JSON_THROW_ON_ERROR);
        $found['right'] === self::PROCESSES || throw new Broken("only {$found['right']} processes had the right answer");

        return (float) \count($this->vendor->log());
    }
}
