<?php

declare(strict_types=1);

namespace Causeway\Tests\Testing;

use Causeway\Client;
use Causeway\Exception\StrayRequestException;
use Causeway\Testing\Clock;
use Causeway\Testing\Fault;
use Causeway\Testing\SentRequest;
use Causeway\Tests\Support\AssertThrows;
use Drupal\causeway\Testing\FakesVendorsTrait;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\CoversTrait;
use PHPUnit\Framework\ExpectationFailedException;
use PHPUnit\Framework\TestCase;

/** The trait as the test suites of users have it: this class is one of them. */
#[CoversTrait(FakesVendorsTrait::class)]
final class FakesVendorsTraitTest extends TestCase
{
    use AssertThrows;
    use FakesVendorsTrait;

    public function testVendorsAndTimeAreFakedTogether(): void
    {
        $this->freezeTime(new \DateTimeImmutable('2026-01-01T00:00:00.250Z'));
        Clock::pinJitter(0.0);
        $this->fakeVendors()->on('catalog', 'GET', 'products/{id}')->fail(Fault::reset())->respond(503)->respond(200, ['id' => 42]);
        self::assertSame(['id' => 42], self::client()->get('products/42')->json());
        $this->advanceTime(750);

        $this->assertSentCount(3, 'catalog');
        $this->assertSentCount(0, 'crm');
        self::assertSame('GET', $this->assertSent('catalog', 'GET', 'products/42')->getMethod());
        $this->assertSent('*', '*', '*', static fn (SentRequest $sent): bool => $sent->status() === 503);
        $this->assertNotSent('catalog', 'POST');
        $this->assertAllRulesMet();
        $this->assertWaits(0, 0);
        self::assertSame(1_767_225_601_000, Clock::nowMs());
    }

    public function testAssertionsFailWhereTheyShould(): void
    {
        $this->fakeVendors()->on('catalog')->respond(200);
        self::client()->post('orders?token=secret', ['json' => ['a' => 1]]);
        $wrong = [
            fn () => $this->assertSent('catalog', 'GET'),
            fn () => $this->assertSent('catalog', '*', '*', static fn (): bool => false),
            fn () => $this->assertNotSent('catalog', 'POST', 'orders'),
            fn () => $this->assertSentCount(2, 'catalog'),
            fn () => $this->assertNothingSent(),
            fn () => $this->assertWaits(5),
        ];
        foreach ($wrong as $assertion) {
            $message = $this->assertThrows(ExpectationFailedException::class, $assertion)->getMessage();
            self::assertStringNotContainsString('secret', $message);
        }
        $this->fakeVendors()->on('crm');
        $this->assertNothingSent();
        $this->assertThrows(ExpectationFailedException::class, fn () => $this->assertAllRulesMet());
    }

    public function testStrayRequestFailsTheTestEvenWhenItWasCaught(): void
    {
        $this->fakeVendors();
        $this->assertThrows(StrayRequestException::class, static fn () => self::client()->get('x'));
        $this->assertThrows(ExpectationFailedException::class, fn () => $this->refuseStrayRequests());
        // This test itself is to pass.
        $this->fakeVendors();
    }

    public function testAssertionsNeedAFake(): void
    {
        $this->assertThrows(\LogicException::class, fn () => $this->assertNothingSent());
    }

    /** Runs after the trait's own. */
    #[After(-1)]
    protected function nothingIsLeftBehind(): void
    {
        self::assertFalse(Clock::isFrozen());
    }

    private static function client(): Client
    {
        return new Client('catalog', ['base_uri' => 'https://api.vendor.example/v1/', 'retry' => ['max_attempts' => 3]]);
    }
}
