<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Claim;
use Causeway\Ledger;
use Causeway\Tests\Support\AssertThrows;
use Shop\PdoStore;

/** An application's own store, the one of the drill's shop, held to the same promises on every database that it knows. */
abstract class PdoStoreTestCase extends StoreContractTestCase
{
    use AssertThrows;

    abstract protected function makeStore(): PdoStore;

    public function testExceptionRollsEverythingBack(): void
    {
        $store = $this->makeStore();
        $problem = new \DomainException('no');
        $thrown = $this->assertThrows(\DomainException::class, static fn () => $store->atomically(
            static function () use ($store, $problem): void {
                $store->insert('inbox', self::record('a'));
                $store->insert('cursor', self::record('a'));
                throw $problem;
            },
        ));
        self::assertSame($problem, $thrown);
        self::assertNull($store->read('inbox', self::key('a')));
        self::assertNull($store->read('cursor', self::key('a')));
    }

    public function testNestedTransactionJoinsTheOuterOne(): void
    {
        $store = $this->makeStore();
        $this->assertThrows(\DomainException::class, static fn () => $store->atomically(
            static function () use ($store): void {
                $store->atomically(static fn () => $store->insert('inbox', self::record('inner')));
                throw new \DomainException('no');
            },
        ));
        self::assertNull($store->read('inbox', self::key('inner')));
        self::assertSame('kept', $store->atomically(static fn () => 'kept'));
    }

    public function testEffectAndMarkAreOneTransaction(): void
    {
        $store = $this->makeStore();
        $store->pdo->exec('CREATE TABLE payments (id VARCHAR(99))');
        $ledger = new Ledger($store);
        $pay = static function (Claim $claim, bool $fails) use ($store): void {
            $store->atomically(static function () use ($store, $claim, $fails): void {
                $store->pdo->exec("INSERT INTO payments VALUES ('{$claim->eventId()}')");
                $claim->complete('paid');
                $fails && throw new \DomainException('power cut');
            });
        };
        $payments = static fn (): int => (int) $store->pdo->query('SELECT COUNT(*) FROM payments')->fetchColumn();

        $failing = static fn () => $ledger->run('stripe', 'evt_1', 'x', static fn (Claim $claim) => $pay($claim, true));
        $this->assertThrows(\DomainException::class, $failing);
        self::assertSame([0, 1], [$payments(), $ledger->counts()['pending']]);

        $ledger->run('stripe', 'evt_2', 'x', static fn (Claim $claim) => $pay($claim, false));
        $outcome = $ledger->run('stripe', 'evt_2', 'x', static fn (Claim $claim) => $pay($claim, false));
        self::assertSame(['paid', 1], [$outcome, $payments()]);
    }
}
