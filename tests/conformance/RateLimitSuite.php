<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Policy\RateLimit;
use Causeway\Testing\Clock;

/** Fields about a vendor's limits through Causeway\Policy\RateLimit. */
final class RateLimitSuite implements Suite
{
    private const CASE_FIELDS = ['id', 'h', 'now', 'expect', 'expect_policy', 'wait_s', 'reason', 'note', 'why'];

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
            $found = RateLimit::parse($case['h']);
        } finally {
            Clock::thaw();
        }
        $complaint = self::complaint($case, $found);

        // What is expected beside limits has no place of its own among the verdicts.
        return $complaint === null ? [$case['expect'] ?? null, 'as expected'] : ['other', $complaint];
    }

    /**
     * The first expectation that does not hold.
     *
     * @param array<string, mixed> $case
     */
    private static function complaint(array $case, RateLimit $found): ?string
    {
        $expected = $case['expect'] ?? null;
        if ($expected === 'ignore' && ($found->limits() !== [] || $found->policies() !== [])) {
            return 'not ignored: ' . json_encode([$found->limits(), $found->policies()], JSON_THROW_ON_ERROR);
        }
        if (is_array($expected) && !self::matches($expected, $found->limits())) {
            return 'limits ' . json_encode($found->limits(), JSON_THROW_ON_ERROR);
        }
        $policies = $case['expect_policy'] ?? null;
        if ($policies !== null && !self::matches($policies, $found->policies())) {
            return 'policies ' . json_encode($found->policies(), JSON_THROW_ON_ERROR);
        }
        $wait = $case['wait_s'] ?? null;
        if ($wait !== null && $found->waitSeconds() !== $wait) {
            return 'wait_s ' . $found->waitSeconds();
        }

        return null;
    }

    /**
     * Whether as many were found, each with all that is listed of it.
     *
     * @param list<array<string, mixed>> $expected
     * @param list<array<string, mixed>> $found
     */
    private static function matches(array $expected, array $found): bool
    {
        if (count($expected) !== count($found)) {
            return false;
        }
        foreach ($expected as $place => $listed) {
            if (array_diff_key($listed, $found[$place]) !== []) {
                throw new UnknownException('expected key ' . implode(', ', array_keys($listed)));
            }
            if (array_intersect_key(array_replace($listed, $found[$place]), $listed) !== $listed) {
                return false;
            }
        }

        return true;
    }
}
