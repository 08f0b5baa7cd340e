<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/** An object with PSR-7's stream methods, as much of them as is asked for. */
final readonly class PassThroughStream
{
    /** @param resource $stream */
    public function __construct(
        private mixed $stream,
        private bool $isSeekable = true,
        private ?int $sizeBytes = null,
    ) {
    }

    public function read(int $length): string
    {
        return (string) fread($this->stream, max(1, $length));
    }

    public function eof(): bool
    {
        return feof($this->stream);
    }

    public function isSeekable(): bool
    {
        return $this->isSeekable;
    }

    public function tell(): int
    {
        return (int) ftell($this->stream);
    }

    public function seek(int $offset): void
    {
        fseek($this->stream, $offset);
    }

    public function getSize(): ?int
    {
        return $this->sizeBytes ?? fstat($this->stream)['size'] ?? null;
    }
}
