<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Claim;
use Causeway\Exception\ConflictException;
use Causeway\Exception\DeadLetterException;
use Causeway\Exception\InProgressException;
use Causeway\Exception\LeaseLostException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StoreException;
use Causeway\Ledger;
use Causeway\Store\SqliteStore;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Ledger::class)]
#[CoversClass(Claim::class)]
final class LedgerTest extends TestCase
{
    use AssertThrows;
    use FrozenClock;
    use TemporaryFiles;

    private const LEASE_MS = 1000;

    private Ledger $ledger;

    protected function setUp(): void
    {
        $options = ['lease_ms' => self::LEASE_MS, 'max_attempts' => 2, 'base_delay_ms' => 100, 'max_delay_ms' => 1000];
        $this->ledger = new Ledger(new SqliteStore($this->path('ledger.sqlite')), $options);
    }

    public function testEventIsRecordedOnce(): void
    {
        self::assertSame('recorded', $this->ledger->record('crm', 'e1', 'payload'));
        self::assertSame('duplicate', $this->ledger->record('crm', 'e1', 'payload'));
        self::assertSame('conflict', $this->ledger->record('crm', 'e1', 'another'));
        self::assertSame('recorded', $this->ledger->record('shop', 'e1', 'another'));
        self::assertSame('recorded', $this->ledger->record('crm', 'E1', 'another'));
    }

    public function testOneWorkerHoldsAnEvent(): void
    {
        $first = $this->ledger->claim('crm', 'e1', "pay\0load");
        $second = $this->ledger->claim('crm', 'e1', "pay\0load");

        self::assertSame('won', $first->status());
        self::assertSame(['crm', 'e1', "pay\0load", 1], [$first->source(), $first->eventId(), $first->payload(), $first->attempt()]);
        self::assertSame('in_progress', $second->status());
    }

    public function testCompletedEventKeepsItsOutcome(): void
    {
        $this->ledger->claim('crm', 'e1', 'x')->complete(['order' => 7]);

        $again = $this->ledger->claim('crm', 'e1', 'x');
        self::assertSame('done', $again->status());
        self::assertSame(['order' => 7], $again->outcome());
    }

    public function testLeaseThatRanOutIsTakenOverAndFencesItsFirstHolder(): void
    {
        $first = $this->ledger->claim('crm', 'e1', 'x');
        Clock::advance(self::LEASE_MS + 1);
        $second = $this->ledger->claim('crm', 'e1', 'x');

        self::assertSame('won', $second->status());
        self::assertGreaterThan($first->token(), $second->token());
        $this->assertThrows(LeaseLostException::class, static fn () => $first->complete());
        $second->complete();
        self::assertSame('done', $this->ledger->claim('crm', 'e1', 'x')->status());
    }

    public function testRenewedLeaseLastsAnotherTime(): void
    {
        $claim = $this->ledger->claim('crm', 'e1', 'x');
        Clock::advance(self::LEASE_MS - 1);
        $claim->renew();
        Clock::advance(self::LEASE_MS - 1);

        self::assertSame('in_progress', $this->ledger->claim('crm', 'e1', 'x')->status());
    }

    public function testFailureIsDueAgainLaterAndDeadAfterTheLastAttempt(): void
    {
        self::assertSame('pending', $this->ledger->claim('crm', 'e1', 'x')->fail('vendor said no'));
        self::assertSame([], $this->ledger->claimDue());
        Clock::advance(1000);
        [$second] = $this->ledger->claimDue();
        self::assertSame(2, $second->attempt());
        self::assertSame('dead', $second->fail('vendor still says no'));

        [$letter] = $this->ledger->deadLetters();
        self::assertSame(['crm', 'e1', 2, 'vendor still says no'], [$letter['source'], $letter['event_id'], $letter['attempts'], $letter['error']]);
        self::assertSame('dead', $this->ledger->claim('crm', 'e1', 'x')->status());
    }

    public function testDeadLetterCanBeReplayed(): void
    {
        $this->kill('e1');

        self::assertTrue($this->ledger->replay('crm', 'e1'));
        self::assertFalse($this->ledger->replay('crm', 'e1'));
        self::assertCount(1, $this->ledger->claimDue());
    }

    public function testReleasedEventCountsNoAttempt(): void
    {
        $this->ledger->claim('crm', 'e1', 'x')->release(500);
        self::assertSame([], $this->ledger->claimDue());
        Clock::advance(500);
        self::assertSame(1, $this->ledger->claimDue()[0]->attempt());
    }

    public function testRunCallsTheHandlerOnce(): void
    {
        $calls = 0;
        $handler = static function (Claim $claim) use (&$calls): string {
            return $claim->eventId() . ++$calls;
        };

        self::assertSame('e11', $this->ledger->run('crm', 'e1', 'x', $handler));
        self::assertSame('e11', $this->ledger->run('crm', 'e1', 'x', $handler));
        self::assertSame(1, $calls);
    }

    public function testExceptionOfTheHandlerIsThrownOnAndCountsAsAttempt(): void
    {
        $problem = new \DomainException('no such order');
        $step = fn () => $this->ledger->run('crm', 'e1', 'x', static fn () => throw $problem);

        self::assertSame($problem, $this->assertThrows(\DomainException::class, $step));
        self::assertSame(1, $this->ledger->counts()['pending']);
    }

    public function testRunRefusesWhatItMustNotRun(): void
    {
        $never = static fn () => self::fail('the handler ran');
        $this->ledger->claim('crm', 'held', 'x');
        $this->assertThrows(InProgressException::class, fn () => $this->ledger->run('crm', 'held', 'x', $never));
        $this->ledger->record('crm', 'other', 'x');
        $this->assertThrows(ConflictException::class, fn () => $this->ledger->run('crm', 'other', 'y', $never));
        $this->kill('dead');
        $this->assertThrows(DeadLetterException::class, fn () => $this->ledger->run('crm', 'dead', 'x', $never));
    }

    public function testKeyOfAStepIsTheSameOnEveryRepeat(): void
    {
        $first = $this->ledger->claim('crm', 'e1', 'x');
        Clock::advance(self::LEASE_MS + 1);
        $second = $this->ledger->claim('crm', 'e1', 'x');

        self::assertSame($first->key('payment'), $second->key('payment'));
        self::assertNotSame($first->key('payment'), $first->key('refund'));
    }

    public function testCountsAndPurge(): void
    {
        $this->ledger->claim('crm', 'done', 'x')->complete();
        $this->ledger->record('crm', 'new', 'x');
        Clock::advance(5000);

        $counts = $this->ledger->counts('crm');
        self::assertSame([1, 1, 5000], [$counts['done'], $counts['pending'], $counts['oldest_pending_age_ms']]);
        self::assertSame(0, $this->ledger->purge(5));
        Clock::advance(1);
        self::assertSame(1, $this->ledger->purge(5));
        self::assertSame([0, 1], [$this->ledger->counts()['done'], $this->ledger->counts()['pending']]);
    }

    public function testBadOptionIsNamed(): void
    {
        $store = new SqliteStore($this->path('other.sqlite'));
        $refusal = $this->assertThrows(OptionsException::class, static fn () => new Ledger($store, ['max_attempts' => 0]));

        self::assertSame('max_attempts', $refusal->field);
    }

    public function testStoreThatCannotBeOpenedSaysSo(): void
    {
        $path = $this->path('nowhere/ledger.sqlite');
        $refusal = $this->assertThrows(StoreException::class, static fn () => new Ledger(new SqliteStore($path)));

        self::assertSame('unavailable', $refusal->reason);
    }

    private function kill(string $eventId): void
    {
        $this->ledger->claim('crm', $eventId, 'x')->fail('first');
        Clock::advance(1000);
        $this->ledger->claim('crm', $eventId, 'x')->fail('second');
    }

    public function testDeadLettersAreReplayedBySpanOfTime(): void
    {
        foreach (['1', '2', '3'] as $id) {
            $claim = $this->ledger->claim('crm', $id, 'x');
            while ($claim->fail('boom') !== 'dead') {
                Clock::advance(10_000_000);
                $claim = $this->ledger->claim('crm', $id, 'x');
            }
        }
        $times = array_column($this->ledger->deadLetters(), 'updated_at_ms');
        self::assertSame(0, $this->ledger->replayAll('erp'));
        self::assertSame(1, $this->ledger->replayAll('crm', $times[1], $times[1]));
        self::assertSame(1, $this->ledger->replayAll(null, null, null, 1));
        self::assertSame(['3'], array_column($this->ledger->deadLetters(), 'event_id'));
    }

    public function testPayloadsAreErasedBeforeTheirRows(): void
    {
        $this->ledger->claim('crm', '1', 'secret')->complete();
        self::assertSame(0, $this->ledger->erasePayloads(60));
        Clock::advance(61_000);
        self::assertSame([1, 0], [$this->ledger->erasePayloads(60), $this->ledger->erasePayloads(60)]);
        self::assertSame('duplicate', $this->ledger->record('crm', '1', 'secret'));
        self::assertSame('', $this->ledger->claim('crm', '1', 'secret')->payload());
    }
}
