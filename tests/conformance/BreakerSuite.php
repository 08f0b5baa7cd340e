<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Exception\BreakerOpenException;
use Causeway\Policy\Breaker;
use Causeway\Testing\Clock;

/** Sequences of successes and failures through Causeway\Policy\Breaker, in a window of calls. */
final class BreakerSuite implements Suite
{
    private const CASE_FIELDS = ['id', 'cfg', 'calls', 'probe', 'state', 'reason', 'note', 'why'];
    /** The format's keys as the breaker's options. */
    private const OPTIONS = ['window' => 'window_calls', 'min' => 'min_calls', 'permitted' => 'probes'];
    private const OPEN_MS = 1000;

    /** @param array<string, mixed> $file */
    public function __construct(array $file)
    {
    }

    public function verdict(array $case): array
    {
        $unknown = array_merge(
            array_diff(array_keys($case), self::CASE_FIELDS),
            array_diff(array_keys($case['cfg'] ?? []), [...array_keys(self::OPTIONS), 'rate']),
        );
        if ($unknown !== []) {
            throw new UnknownException('case field ' . implode(', ', $unknown));
        }
        Clock::freeze(0);
        try {
            $breaker = new Breaker(self::options($case['cfg'] ?? []));
            self::drive($breaker, $case['calls'] ?? '');
            if (isset($case['probe'])) {
                self::bringHalfOpen($breaker);
                self::drive($breaker, $case['probe']);
            }
            $state = $breaker->state();
        } finally {
            Clock::thaw();
        }

        return [$state === 'closed' ? 'CLOSED' : 'OPEN', $state];
    }

    /**
     * @param array<string, int|float> $config
     *
     * @return array<string, int|float>
     */
    private static function options(array $config): array
    {
        $options = ['failure_rate' => ($config['rate'] ?? 50) / 100, 'open_ms' => self::OPEN_MS];
        foreach (self::OPTIONS as $key => $option) {
            if (isset($config[$key])) {
                $options[$option] = $config[$key];
            }
        }

        return $options + ['window_calls' => 100];
    }

    /** Makes one call for each letter; one that the breaker refuses is not made. */
    private static function drive(Breaker $breaker, string $letters): void
    {
        foreach (str_split($letters) as $letter) {
            try {
                $breaker->run(static fn () => match ($letter) {
                    'S' => null,
                    'F' => throw new \DomainException('as the case has it'),
                    default => throw new UnknownException("call '$letter'"),
                });
                // @phpstan-ignore catch.neverThrown (what the work throws comes out as it is)
            } catch (\DomainException | BreakerOpenException) {
                // What the state is in the end is the verdict.
            }
        }
    }

    private static function bringHalfOpen(Breaker $breaker): void
    {
        for ($calls = 0; $breaker->state() === 'closed' && $calls < 100_000; $calls++) {
            self::drive($breaker, 'F');
        }
        Clock::advance(self::OPEN_MS);
    }
}
