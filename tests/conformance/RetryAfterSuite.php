<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Policy\RetryAfter;
use Causeway\Testing\Clock;

/** Values of Retry-After through Causeway\Policy\RetryAfter, at the file's time. */
final class RetryAfterSuite implements Suite
{
    private const CASE_FIELDS = ['id', 'v', 'date', 'now', 'seconds', 'reason', 'note', 'why'];

    /** @param array<string, mixed> $file */
    public function __construct(private readonly array $file)
    {
    }

    public function verdict(array $case): array
    {
        $unknown = array_diff(array_keys($case), self::CASE_FIELDS);
        if ($unknown !== []) {
            throw new UnknownException('case field ' . implode(', ', $unknown));
        }
        Clock::freeze(Time::unixMs($case['now'] ?? $this->file['now'] ?? 0));
        try {
            $found = RetryAfter::parse((string) $case['v'], $case['date'] ?? null);
        } finally {
            Clock::thaw();
        }

        return match (true) {
            $found === null => [null, 'ignored'],
            $found->wasClamped() => ['clamp-to-max', $found->seconds() . ' s'],
            default => [$found->seconds(), 'parsed'],
        };
    }
}
