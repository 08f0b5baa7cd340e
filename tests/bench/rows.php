<?php

/**
 * @file
 * The rows of the benchmark, in the order in which they run.
 */

declare(strict_types=1);

use Causeway\Bench\Budget;
use Causeway\Bench\ColdRow;
use Causeway\Bench\GetRow;
use Causeway\Bench\LedgerRow;
use Causeway\Bench\ManyRow;
use Causeway\Bench\MemoryRow;
use Causeway\Bench\MessageRow;
use Causeway\Bench\PageRow;
use Causeway\Bench\PoliciesRow;
use Causeway\Bench\RedisRow;
use Causeway\Bench\Site;
use Causeway\Bench\SnapshotRow;
use Causeway\Bench\VerifyRow;
use Causeway\Bench\WebhookRow;

return [
    new GetRow('get-2k', '2k.json', '2 KB', [Budget::atMostTimes(1.05, 'ext-curl'), Budget::timesFaster(4, 'Guzzle 7')]),
    new GetRow('get-64k', '64k.json', '64 KB', [Budget::atMostTimes(1.05, 'ext-curl'), Budget::timesFaster(4, 'Guzzle 7')]),
    new ManyRow(),
    new PoliciesRow(),
    new PageRow('fpm-page-bundle', true, [Budget::timesAsMany(50, 'Guzzle 7')]),
    new PageRow('fpm-page-one-ca', false, [Budget::timesAsMany(8, 'Guzzle 7')]),
    new VerifyRow('verify-2k', '2 KB', 2048, 5000, [Budget::timesFaster(5, 'PHP')]),
    new VerifyRow('verify-1m', '1 MB', 1 << 20, 20, []),
    new VerifyRow('verify-2k-php84', '2 KB', 2048, 5000, [Budget::timesFaster(1, 'PHP')], true),
    new VerifyRow('verify-1m-php84', '1 MB', 1 << 20, 20, [], true),
    new MessageRow(),
    new ColdRow(),
    new MemoryRow(),
    new LedgerRow(),
    // The budget is for throughput, with as many deliveries under way as two cores can work on. With four
    // at once both cores idle for a third of the time, and less is gained by committing together.
    new WebhookRow('webhook-endpoint', 8, [Budget::timesAsMany(2, 'PDO')]),
    new WebhookRow('webhook-endpoint-4', Site::WORKERS, []),
    new WebhookRow('webhook-endpoint-16', 16, [Budget::timesAsMany(2, 'PDO')]),
    new SnapshotRow(),
    new RedisRow(),
];
