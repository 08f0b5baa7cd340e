<?php

/**
 * @file
 * A worker for one vendor: what came in, what goes out, what has become stale.
 *
 * Runs until SIGTERM, or until one of its limits; systemd or supervisord starts it again. Several of
 * them may run side by side, on several hosts where the store is one that they share.
 */

declare(strict_types=1);

use Causeway\Client;
use Causeway\Inbox;
use Causeway\Outbox;
use Causeway\Secret;
use Causeway\Snapshots;
use Causeway\Store\SqliteStore;
use Causeway\Worker;

$store = new SqliteStore(getenv('CAUSEWAY_STORE') ?: __DIR__ . '/causeway.sqlite');
$client = new Client('crm', [
    'base_uri' => getenv('CRM_URI') ?: 'https://crm.vendor.example/',
    'webhook' => [
        'scheme' => 'standard-webhooks',
        'secrets' => [Secret::ref('env:CRM_WEBHOOK_SECRET')],
        'refetch' => ['resource' => 'contact', 'id' => '/data/id'],
    ],
    'resources' => ['contact' => ['path' => 'contacts/{id}', 'fresh_s' => 900]],
], $store);
$inbox = new Inbox($client);
$outbox = new Outbox($client);
$snapshots = new Snapshots($client);

// Where a page cache is: delete what carries these tags.
$invalidate = static function (array $tags): void {
};
$cleaned = 0;

$worker = new Worker(['time_limit_s' => 3600, 'memory_limit_bytes' => 256 << 20]);
$result = $worker->run([
    'crm inbox' => static fn (int $limit): array => $inbox->process($limit, $invalidate),
    'crm outbox' => $outbox->process(...),
    'crm refresh' => static fn (): array => $snapshots->refreshStale($invalidate),
    'housekeeping' => static function () use ($inbox, $outbox, &$cleaned): int {
        if (time() - $cleaned < 60) {
            return 0;
        }
        $cleaned = time();
        // Rows stay for longer than any sender repeats; payloads, which may be personal, go sooner.
        $inbox->ledger()->erasePayloads(7 * 86400);
        $inbox->ledger()->purge(30 * 86400);
        $outbox->erasePayloads(7 * 86400);
        $outbox->purge(30 * 86400);

        return 0;
    },
]);
fwrite(STDERR, json_encode($result, JSON_THROW_ON_ERROR) . "\n");
