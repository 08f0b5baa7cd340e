<?php

/**
 * @file
 * One piece of durable work in a process that may be killed in it.
 *
 * The task says which: receive, inbox, ledger, order, call, send, backfill, reconcile. A failpoint of
 * the extension comes by the environment; a point of PHP's own ("php.…") by the arguments.
 */

declare(strict_types=1);

require __DIR__ . '/client.php';
require dirname(__DIR__, 2) . '/drill/app/src/PdoDialect.php';
require dirname(__DIR__, 2) . '/drill/app/src/PdoStore.php';

const LEASE_MS = 150;
const LIST_OPTIONS = ['path' => 'contacts', 'page_size' => 4, 'chunk' => 8, 'lease_ms' => LEASE_MS];

$arguments = arguments();
['directory' => $directory, 'task' => $task, 'point' => $point] = $arguments;
$store = $arguments['is_pdo'] ? Shop\PdoStore::open("$directory/store.sqlite") : new Causeway\Store\SqliteStore("$directory/store.sqlite");
$client = new Causeway\Client('crm', [
    'namespace' => $arguments['namespace'], 'base_uri' => $arguments['base_uri'], 'address' => ['allow_private' => true],
    'breaker' => false, 'resources' => ['contact' => ['path' => 'contacts/{id}', 'cache_tags' => ['contact:{id}']]],
    'webhook' => ['scheme' => 'standard-webhooks', 'secrets' => ['whsec_' . base64_encode(str_repeat('k', 32))], 'refetch' => ['resource' => 'contact', 'id' => '/id']],
], $store);

/** Dies as at a failpoint, where the point is this one. */
$pass = static function (string $here) use ($point): void {
    if ($point === $here) {
        fwrite(STDERR, "killed at $here\n");
        posix_kill((int) getmypid(), SIGKILL);
    }
};
/** Repeats work until it says that it is done: a lease of a killed worker has to end first. */
$until = static function (callable $isDone): void {
    for ($end = microtime(true) + 20.0; !$isDone(); usleep(10_000)) {
        microtime(true) < $end || throw new RuntimeException('not done within 20 s');
    }
};
$ofId = static fn (string $tag): string => substr($tag, strlen('contact:'));
// A page that shows an entity is a file here.
$invalidate = static function (array $tags) use ($directory, $ofId): void {
    array_map(static fn (string $tag): bool => @unlink("$directory/page-{$ofId($tag)}"), $tags);
};
$snapshots = new Causeway\Snapshots($client);

match ($task) {
    'receive' => (static function () use ($client, $arguments): void {
        ['id' => $id, 'body' => $body] = $arguments['event'];
        $time = (string) time();
        $signature = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", str_repeat('k', 32), true));
        $receipt = (new Causeway\Inbox($client, ['lease_ms' => LEASE_MS]))->receive($body, ['webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => $signature]);
        $receipt->status() === 202 || throw new RuntimeException("answered {$receipt->status()} {$receipt->reason()}");
    })(),
    'inbox' => (static function () use ($client, $store, $until, $invalidate, $snapshots): void {
        $inbox = new Causeway\Inbox($client, ['lease_ms' => LEASE_MS, 'base_delay_ms' => 0, 'max_attempts' => 1000]);
        $effect = static fn (Causeway\Webhook\Event $event, ?array $entity) => $store instanceof Shop\PdoStore
            ? $store->pdo->prepare('INSERT INTO effect VALUES (?)')->execute([$event->id()]) : null;
        $until(static function () use ($inbox, $invalidate, $effect): bool {
            $inbox->process(8, $invalidate, $effect);
            $counts = $inbox->ledger()->counts();

            return $counts['pending'] + $counts['claimed'] === 0;
        });
        $snapshots->settle($invalidate);
    })(),
    'ledger' => (static function () use ($store, $arguments, $directory, $pass, $until): void {
        $ledger = new Causeway\Ledger($store, ['lease_ms' => LEASE_MS, 'max_attempts' => 1000]);
        $until(static function () use ($ledger, $arguments, $directory, $pass): bool {
            $claim = $ledger->claim('crm', $arguments['event']['id'], $arguments['event']['body']);
            if ($claim->status() !== 'won') {
                return $claim->status() === 'done';
            }
            $pass('php.after_claim');
            // An effect elsewhere, which no transaction of ours covers: its key makes it one.
            file_put_contents("$directory/keys", "{$claim->eventId()} {$claim->key('charge')}\n", FILE_APPEND | LOCK_EX);
            $pass('php.after_effect');
            $claim->complete();
            $pass('php.after_complete');

            return true;
        });
    })(),
    'order' => (new Causeway\Outbox($client))->send('POST', 'orders', ['json' => ['id' => $arguments['event']['id']], 'id' => $arguments['event']['id'], 'order' => 'one']),
    'call' => (static function () use ($client, $arguments): void {
        try {
            (new Causeway\Outbox($client, ['lease_ms' => LEASE_MS]))->call('POST', 'orders', ['json' => ['id' => $arguments['event']['id']], 'id' => $arguments['event']['id']]);
        } catch (Causeway\Exception\StoreException) {
            // Recorded by the one that was killed: the relay finds it.
        }
    })(),
    'send' => (static function () use ($client, $until): void {
        $outbox = new Causeway\Outbox($client, ['lease_ms' => LEASE_MS, 'base_delay_ms' => 0, 'max_attempts' => 1000]);
        $until(static function () use ($outbox): bool {
            $outbox->process(8);
            $counts = $outbox->counts();

            return $counts['pending'] + $counts['blocked'] + $counts['claimed'] === 0;
        });
    })(),
    'backfill' => (static function () use ($client, $snapshots, $invalidate): void {
        $backfill = new Causeway\Backfill($client, 'contact', LIST_OPTIONS);
        if ($backfill->state()['done']) {
            $backfill->reset();
        }
        $backfill->run();
        $snapshots->settle($invalidate);
    })(),
    'reconcile' => (static function () use ($client, $snapshots, $invalidate): void {
        (new Causeway\Reconcile($client, 'contact', LIST_OPTIONS + ['deletions' => 'absent', 'max_absent' => 0.9]))->run();
        while ($snapshots->settle($invalidate) > 0) {
            continue;
        }
    })(),
    default => throw new LogicException('no such task'),
};
answer([
    'snapshots' => array_map(static fn (int $id): ?int => $snapshots->peek('contact', (string) $id)?->data()['v'], $arguments['ids']),
    'rows' => $task === 'backfill' ? (new Causeway\Backfill($client, 'contact', LIST_OPTIONS))->state()['rows'] : null,
]);
