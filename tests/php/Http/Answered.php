<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

/** What a front handed out, in words of none of them. */
final readonly class Answered
{
    /** @param array<string, list<string>> $headers names in lower case */
    public function __construct(
        public int $status,
        public string $reason,
        public string $version,
        public array $headers,
        public string $body,
    ) {}
}
