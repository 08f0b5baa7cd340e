<?php

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Proof\Kills\Rig;
use Shop\PdoStore;

/**
 * kill -9 before and after each step of durable work, again and again on one store: what is lost, and
 * what is done twice, counted from the effects.
 */
final class Kills implements Proof
{
    private const INBOX = [
        'inbox.before_claim', 'inbox.after_claim', 'inbox.before_fetch', 'inbox.after_fetch', 'inbox.before_effect',
        'inbox.after_effect', 'inbox.before_mark', 'inbox.after_mark', 'inbox.before_invalidate', 'inbox.after_invalidate',
    ];
    private const RECEIVE = ['inbox.before_record', 'inbox.after_record'];
    private const LEDGER = ['store.after_group_commit', 'store.after_group_sync', 'php.after_claim', 'php.after_effect', 'php.after_complete'];
    private const SEND = ['outbox.before_claim', 'outbox.after_claim', 'outbox.before_send', 'outbox.after_send', 'outbox.before_commit', 'outbox.after_commit'];
    private const CALL = ['outbox.before_record', 'outbox.after_record', 'outbox.after_send'];
    private const CHUNK = ['backfill.before_chunk', 'backfill.after_rows', 'backfill.after_cursor', 'backfill.after_commit'];
    private const REPAIR = ['reconcile.before_repair', 'reconcile.inside_repair', 'reconcile.after_repair'];

    private int $kills = 0;
    private int $missed = 0;

    public function name(): string
    {
        return 'kills';
    }

    public function shows(): string
    {
        return 'kill -9 before and after each step of receive, process, complete, invalidate, send and chunk loses nothing and does nothing twice';
    }

    public function run(Stage $stage): void
    {
        require_once \dirname(__DIR__, 2) . '/drill/app/src/PdoDialect.php';
        require_once \dirname(__DIR__, 2) . '/drill/app/src/PdoStore.php';
        $this->kills = $this->missed = 0;
        $this->inbox($stage, $stage->scaled(50, 2));
        $this->ledger($stage, $stage->scaled(20, 2));
        $this->outbox($stage, $stage->scaled(25, 2));
        $this->lists($stage, $stage->scaled(20, 2));
        $stage->atLeast('workers killed', $stage->scaled(1000, 50), $this->kills);
        $stage->exactly('workers that were to be killed and lived', 0, $this->missed);
    }

    /** Receive, process, complete, invalidate: effect and mark share the application's transaction. */
    private function inbox(Stage $stage, int $rounds): void
    {
        $rig = new Rig($stage, 'inbox', true);
        $pdo = PdoStore::open("$rig->directory/store.sqlite")->pdo;
        $pdo->exec('CREATE TABLE effect (event TEXT NOT NULL)');
        $events = [];
        for ($round = 0; $round < $rounds; $round++) {
            foreach ([...self::RECEIVE, ...self::INBOX] as $number => $point) {
                $id = 1 + ($round * 7 + $number) % 20;
                $event = ['id' => "evt_{$round}_$number", 'body' => (string) json_encode(['id' => $id])];
                $events[$event['id']] = 0;
                // A page that was rendered before the change, and that must not outlive it.
                touch("$rig->directory/page-$id");
                file_put_contents("$rig->directory/page-$id", (string) $rig->versions()[$id]);
                $rig->change($id);
                if (\in_array($point, self::RECEIVE, true)) {
                    $rig->kill('receive', $point, $event);
                }
                // The sender repeats what it got no answer for.
                $rig->clean('receive', $event);
                if (!\in_array($point, self::RECEIVE, true)) {
                    $rig->kill('inbox', $point);
                }
            }
            $rig->clean('inbox');
        }
        $snapshots = $rig->clean('inbox')['snapshots'];
        foreach ($pdo->query('SELECT event FROM effect', \PDO::FETCH_COLUMN, 0) as $done) {
            $events[$done] = ($events[$done] ?? 0) + 1;
        }
        $stage->exactly('inbox: events of ' . \count($events) . ' lost', 0, \count(array_filter($events, static fn (int $times): bool => $times === 0)));
        $stage->exactly('inbox: events done twice', 0, \count(array_filter($events, static fn (int $times): bool => $times > 1)));
        $touched = array_filter($snapshots, static fn (?int $version): bool => $version !== null);
        $stage->exactly('inbox: stale snapshots', 0, \count(array_diff_assoc($touched, array_values($rig->versions()))));
        $stale = 0;
        foreach ($rig->versions() as $id => $version) {
            $page = @file_get_contents("$rig->directory/page-$id");
            $stale += (int) ($page !== false && $page !== (string) $version);
        }
        $stage->exactly('inbox: stale pages', 0, $stale);
        $this->end($rig);
    }

    /** Effects elsewhere: done again after a kill, under the same derived key. */
    private function ledger(Stage $stage, int $rounds): void
    {
        $rig = new Rig($stage, 'ledger', false);
        $events = [];
        for ($round = 0; $round < $rounds; $round++) {
            foreach (self::LEDGER as $number => $point) {
                $event = ['id' => "evt_{$round}_$number", 'body' => '{}'];
                $events[] = $event['id'];
                $rig->kill('ledger', $point, $event);
                $rig->clean('ledger', $event);
            }
        }
        $this->keys($stage, 'ledger', 'keys', $events, $rig);
    }

    private function outbox(Stage $stage, int $rounds): void
    {
        $rig = new Rig($stage, 'outbox', false);
        $orders = [];
        for ($round = 0; $round < $rounds; $round++) {
            foreach (self::SEND as $number => $point) {
                $order = ['id' => "order_{$round}_$number", 'body' => ''];
                $orders[] = $order['id'];
                $rig->clean('order', $order);
                $rig->kill('send', $point);
            }
            foreach (self::CALL as $number => $point) {
                $order = ['id' => "call_{$round}_$number", 'body' => ''];
                $orders[] = $order['id'];
                $rig->kill('call', $point, $order);
                // The caller repeats its call under the same id.
                $rig->clean('call', $order);
            }
        }
        $rig->clean('send');
        $sent = array_values(array_unique(array_filter(array_column($rig->log('orders'), 0), static fn (string $id): bool => str_starts_with($id, 'order_'))));
        $inOrder = array_values(array_filter($orders, static fn (string $id): bool => str_starts_with($id, 'order_')));
        $stage->exactly('outbox: orders first sent out of their order', 0, \count(array_diff_assoc($inOrder, $sent)));
        $this->keys($stage, 'outbox', 'orders', $orders, $rig);
    }

    /** Chunks of a walk, and repairs of a comparison. */
    private function lists(Stage $stage, int $rounds): void
    {
        $rig = new Rig($stage, 'lists', false);
        $wrongRows = 0;
        for ($round = 0; $round < $rounds; $round++) {
            $rig->change(1 + $round % 20);
            foreach (self::CHUNK as $point) {
                $rig->kill('backfill', $point);
            }
            $walked = $rig->clean('backfill');
            $wrongRows += (int) ($walked['rows'] !== 20) + \count(array_diff_assoc($walked['snapshots'], array_values($rig->versions())));
        }
        $stage->exactly('chunks: rows missing, doubled or stale after the walks', 0, $wrongRows);
        $wrong = 0;
        for ($round = 0; $round < $rounds; $round++) {
            foreach (self::REPAIR as $number => $point) {
                $rig->change(1 + ($round + $number) % 20);
                $rig->kill('reconcile', $point);
            }
            $wrong += \count(array_diff_assoc($rig->clean('reconcile')['snapshots'], array_values($rig->versions())));
        }
        $stage->exactly('repairs: snapshots that differ after the comparisons', 0, $wrong);
        $this->end($rig);
    }

    /**
     * Each was done at least once, and whenever it was done again, then under the same key.
     *
     * @param list<string> $ids
     */
    private function keys(Stage $stage, string $lane, string $log, array $ids, Rig $rig): void
    {
        $keys = array_fill_keys($ids, []);
        foreach ($rig->log($log) as [$id, $key]) {
            $keys[$id][] = $key;
        }
        $stage->exactly("$lane: effects of " . \count($ids) . ' lost', 0, \count(array_filter($keys, static fn (array $of): bool => $of === [])));
        $stage->exactly("$lane: effects under more than one key", 0, \count(array_filter($keys, static fn (array $of): bool => \count(array_unique($of)) > 1)));
        $stage->exactly("$lane: keys of more than one effect", 0, \count($keys) - \count(array_unique(array_map(static fn (array $of): string => $of[0] ?? '', $keys))));
        $stage->note("$lane: effects that were repeated under their key", \count(array_filter($keys, static fn (array $of): bool => \count($of) > 1)));
        $this->end($rig);
    }

    private function end(Rig $rig): void
    {
        $this->kills += $rig->kills();
        $this->missed += array_sum($rig->missed());
        foreach ($rig->missed() as $point => $times) {
            printf("          not killed at %s, %d times\n", $point, $times);
        }
        $rig->stop();
    }
}
