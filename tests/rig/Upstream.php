<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** A quick vendor: an nginx that serves JSON files of 2 KB and 64 KB. */
final class Upstream
{
    /** Bytes by path. */
    public const FILES = ['2k.json' => 2048, '64k.json' => 65536];

    public readonly string $baseUri;

    private readonly Nginx $nginx;

    public function __construct(Scratch $scratch, bool $isPinned, ?Certificates $certificates = null)
    {
        $port = Machine::freePort();
        $root = $scratch->subdirectory('upstream-root');
        foreach (self::FILES as $name => $bytes) {
            file_put_contents("$root/$name", self::json($bytes));
        }
        $this->nginx = new Nginx($scratch, "upstream-$port", 'server { ' . Nginx::listen($port, $certificates) . " root $root; }", [$port], $isPinned);
        $this->baseUri = ($certificates === null ? 'http' : 'https') . "://127.0.0.1:$port/";
    }

    public function stop(): void
    {
        $this->nginx->program->stop();
    }

    private static function json(int $bytes): string
    {
        $head = '{"id":42,"sku":"SKU-00042","name":"Product 42","price_cents":1234,"currency":"EUR","text":"';

        return $head . str_pad('', $bytes - \strlen($head) - 2, 'The quick brown fox jumps over the lazy dog. ') . '"}';
    }
}
