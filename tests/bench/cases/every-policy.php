<?php

/**
 * @file
 * Every policy switched on, with bounds that a healthy vendor never meets: what is measured is what
 * the policies cost, and not that they act.
 */

declare(strict_types=1);

return [
    'timeouts' => ['connect_ms' => 1000, 'attempt_ms' => 10_000, 'total_ms' => 30_000],
    'retry' => ['max_attempts' => 4, 'base_delay_ms' => 100, 'max_delay_ms' => 5000, 'budget' => ['ratio' => 0.2, 'min_per_second' => 1]],
    'breaker' => [
        'failure_rate' => 0.5, 'slow_call_ms' => 5000, 'slow_rate' => 0.9, 'min_calls' => 20, 'window_s' => 30, 'open_ms' => 5000, 'probes' => 3,
    ],
    'throttle' => ['permits' => 1_000_000, 'per_ms' => 1000, 'burst' => 1000, 'announced' => true],
    'concurrency' => ['max' => 64],
    'hedge' => ['after_ms' => 5000],
    'coalesce' => true,
];
