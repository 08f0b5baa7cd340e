<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\BreakerOpenException;
use Causeway\Exception\OptionsException;
use Causeway\Policy\Breaker;
use Causeway\Policy\Guard;
use Causeway\Policy\RateLimit;
use Causeway\Policy\RetryAfter;
use Causeway\Testing\Clock;
use Causeway\Testing\Fake;
use Causeway\Tests\Support\AssertThrows;
use PHPUnit\Framework\TestCase;

/** The policies' rules where PHP programs use them by themselves. */
final class PolicyTest extends TestCase
{
    use AssertThrows;

    private Fake $fake;

    protected function setUp(): void
    {
        Clock::freeze(1_793_491_200_000);
        // A segment of its own: the one that all tests share has places for so many names, and no more.
        $this->fake = Fake::start();
    }

    protected function tearDown(): void
    {
        $this->fake->stop();
        Clock::thaw();
    }

    public function testABreakerRunsWorkUntilItFailsTooOften(): void
    {
        $breaker = new Breaker(['min_calls' => 4, 'open_ms' => 2000, 'probes' => 1]);
        self::assertSame('done', $breaker->run(static fn (): string => 'done'));
        $fail = static fn () => throw new \DomainException('broken');
        for ($calls = 0; $calls < 3; $calls++) {
            self::assertSame('broken', $this->assertThrows(\DomainException::class, fn () => $breaker->run($fail))->getMessage());
        }
        self::assertSame('open', $breaker->state());
        $refused = $this->assertThrows(BreakerOpenException::class, fn () => $breaker->run($fail));
        self::assertContains($refused->retryAfterMs, [1999, 2000]);
        Clock::advance(2000);
        self::assertSame('half_open', $breaker->state());
        $breaker->run(static fn () => null);
        self::assertSame('closed', $breaker->state());
    }

    public function testABreakerCountsSlowWork(): void
    {
        $breaker = new Breaker(['min_calls' => 2, 'window_calls' => 10, 'slow_call_ms' => 100, 'slow_rate' => 1]);
        $slow = static fn () => Clock::advance(101);
        $breaker->run($slow);
        $breaker->run($slow);
        self::assertSame('open', $breaker->state());
    }

    public function testABreakerIsSharedByItsName(): void
    {
        $name = 'mail-' . bin2hex(random_bytes(4));
        $options = ['min_calls' => 1, 'window_calls' => 1];
        try {
            (new Breaker($options, $name))->run(static fn () => throw new \DomainException());
            // @phpstan-ignore catch.neverThrown (what the work throws comes out as it is)
        } catch (\DomainException) {
        }
        self::assertSame('open', (new Breaker($options, $name))->state());
        self::assertSame('closed', (new Breaker($options))->state());
    }

    public function testABreakersOptionsAreChecked(): void
    {
        $error = $this->assertThrows(OptionsException::class, fn () => new Breaker(['probe' => 3]));
        self::assertSame('probe', $error->field);
    }

    public function testRetryAfterInAllItsForms(): void
    {
        self::assertSame(120, RetryAfter::parse('120')?->seconds());
        self::assertSame(60, RetryAfter::parse('Sun, 01 Nov 2026 00:01:00 GMT')?->seconds());
        self::assertSame(5, RetryAfter::parse('Sun, 01 Nov 2020 00:00:05 GMT', 'Sun, 01 Nov 2020 00:00:00 GMT')?->seconds());
        self::assertNull(RetryAfter::parse('soon'));
        self::assertTrue(RetryAfter::parse('99999999999')?->wasClamped());
    }

    public function testLimitsOfTheDraftAndOfOlderFields(): void
    {
        $found = RateLimit::parse([
            'RateLimit' => '"burst";r=0;t=12;pk=:dHJpYWw=:',
            'RateLimit-Policy' => ['"burst";q=100;w=60', '"daily";q=1000;w=86400'],
        ]);
        self::assertSame(
            [['policy' => 'burst', 'remaining' => 0, 'limit' => 100, 'reset_s' => 12, 'pk' => 'trial']],
            $found->limits(),
        );
        self::assertSame(['burst', 'daily'], array_column($found->policies(), 'name'));
        self::assertSame(12, $found->waitSeconds());

        $older = RateLimit::parse(['X-RateLimit-Remaining' => '0', 'X-RateLimit-Reset' => '1793491230']);
        self::assertSame(30, $older->waitSeconds());
        self::assertSame(0, RateLimit::parse(['RateLimit' => 'broken;'])->waitSeconds());
    }

    public function testTheGuardSaysWhyAUrlIsRefused(): void
    {
        $resolve = static fn (string $host): array => $host === 'example.com' ? ['93.184.216.34', '10.1.2.3'] : [];
        $guard = new Guard();
        self::assertNull($guard->refusal('http://93.184.216.34/'));
        self::assertStringContainsString('10.1.2.3', (string) $guard->refusal('https://example.com/hook', $resolve));
        self::assertStringContainsString('does not resolve', (string) $guard->refusal('https://other.example/', $resolve));
        self::assertStringContainsString('scheme', (string) $guard->refusal('file:///etc/passwd'));
        self::assertNull((new Guard(true))->refusal('https://example.com/hook', $resolve));
    }

    public function testWhatAResolverThrowsIsThrownOn(): void
    {
        $resolve = static fn () => throw new \DomainException('no resolver');
        $this->assertThrows(\DomainException::class, fn () => (new Guard())->refusal('http://example.com/', $resolve));
    }
}
