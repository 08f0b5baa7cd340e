<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

use Causeway\Rig\Program;
use Causeway\Rig\Scratch;

require_once \dirname(__DIR__, 2) . '/rig/autoload.php';

/** A proxy on loopback (proxy.php); ends with this object. */
final class Proxy
{
    private const START_TIMEOUT_S = 10.0;

    /** host:port */
    public readonly string $address;

    private readonly Program $program;
    private readonly string $log;

    public function __construct(Scratch $scratch)
    {
        $this->log = $scratch->path('proxy.log');
        $this->program = new Program('proxy', [PHP_BINARY, '-n', __DIR__ . '/proxy.php', $this->log], $scratch->path('proxy.err'), true);
        $this->address = $this->program->line(self::START_TIMEOUT_S);
    }

    public function stop(): void
    {
        $this->program->stop();
    }

    /** The heads of the first requests of all connections. */
    public function heads(): string
    {
        $lines = file($this->log, FILE_IGNORE_NEW_LINES) ?: [];

        return implode("\n", array_map(static fn (string $line): string => json_decode($line, true, 512, JSON_THROW_ON_ERROR), $lines));
    }
}
