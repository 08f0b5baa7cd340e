<?php

/**
 * @file
 * The rows of the benchmark, in the order in which they run.
 */

declare(strict_types=1);

use Causeway\Bench\Budget;
use Causeway\Bench\GetRow;
use Causeway\Bench\ManyRow;
use Causeway\Bench\VerifyRow;

return [
    new GetRow('get-2k', '2k.json', '2 KB', [Budget::atMostTimes(1.05, 'ext-curl'), Budget::timesFaster(4, 'Guzzle 7')]),
    new GetRow('get-64k', '64k.json', '64 KB', [Budget::atMostTimes(1.05, 'ext-curl'), Budget::timesFaster(4, 'Guzzle 7')]),
    new ManyRow(),
    new VerifyRow('verify-2k', '2 KB', 2048, 5000, [Budget::timesFaster(5, 'PHP')]),
    new VerifyRow('verify-1m', '1 MB', 1 << 20, 20, []),
];
