<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\AddressRefusedException;
use Causeway\Exception\BreakerOpenException;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\PausedException;
use Causeway\Exception\StatusException;
use Causeway\Response;
use Causeway\Store\SqliteStore;
use Causeway\Switches;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
#[CoversClass(Response::class)]
final class ClientTest extends TestCase
{
    use FrozenClock;
    use TemporaryFiles;

    private ScriptedVendor $vendor;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    public function testCallBringsBackStatusHeadersAndJson(): void
    {
        $this->vendor->answer(200, ['n' => 18446744073709551616, 'name' => 'é'], ['X-Total' => '7']);
        $response = $this->client()->get('products/42', ['query' => ['a' => 'b c'], 'headers' => ['X-Mine' => '1']]);

        self::assertSame([200, 'OK', '7', 1], [$response->getStatusCode(), $response->getReasonPhrase(), $response->getHeaderLine('x-total'), $response->attempts()]);
        self::assertTrue($response->hasHeader('X-TOTAL'));
        self::assertSame('é', $response->json()['name']);
        $request = $this->vendor->requests()[0];
        parse_str((string) parse_url($request['target'], PHP_URL_QUERY), $query);
        self::assertSame(['GET', '/products/42', '1'], [$request['method'], strtok($request['target'], '?'), $request['headers']['x-mine']]);
        self::assertSame(['a' => 'b c'], $query);
        self::assertSame($response->correlationId(), $request['headers']['x-correlation-id']);
    }

    public function testJsonBodyIsSent(): void
    {
        $this->vendor->answer(201, []);
        $this->client()->post('orders', ['json' => ['sku' => 'a/b', 'n' => 1.0]]);

        $request = $this->vendor->requests()[0];
        self::assertSame('application/json', $request['headers']['content-type']);
        self::assertSame(['sku' => 'a/b', 'n' => 1.0], json_decode($request['body'], true));
    }

    public function testGetIsRetriedAndTheWaitAdvancesAFrozenClock(): void
    {
        $this->vendor->answer(503)->answer(503)->answer(200, ['ok' => true]);
        $response = $this->client(['retry' => ['max_attempts' => 3, 'base_delay_ms' => 100, 'max_delay_ms' => 5000]])->get('x');

        self::assertSame([200, 3], [$response->getStatusCode(), $response->attempts()]);
        self::assertCount(2, Clock::waits());
        self::assertLessThanOrEqual(200, max(Clock::waits()));
    }

    public function testRetryAfterIsHonoured(): void
    {
        $this->vendor->answer(429, null, ['Retry-After' => '3'])->answer(200, []);
        $this->client(['retry' => ['max_attempts' => 2]])->get('x');

        self::assertGreaterThanOrEqual(3000, array_sum(Clock::waits()));
    }

    public function testPostIsRetriedOnlyWithAKey(): void
    {
        $client = $this->client(['retry' => ['max_attempts' => 2, 'base_delay_ms' => 1]]);
        $this->vendor->answer(503)->answer(200, []);
        $this->assertStatus(503, static fn () => $client->post('orders', ['json' => []]));
        self::assertCount(1, $this->vendor->requests());

        $this->vendor->reset()->answer(503)->answer(200, []);
        self::assertSame(2, $client->post('orders', ['json' => [], 'idempotency_key' => 'order-7'])->attempts());
        [, $first, $second] = $this->vendor->requests();
        self::assertStringContainsString('order-7', $first['headers']['idempotency-key']);
        self::assertSame($first['headers']['idempotency-key'], $second['headers']['idempotency-key']);
        self::assertSame($first['body'], $second['body']);
    }

    public function testKeyGoesAsTheConnectionWantsIt(): void
    {
        $this->vendor->answer(503)->answer(200, []);
        $client = $this->client(['retry' => ['max_attempts' => 2, 'base_delay_ms' => 1], 'idempotency' => ['header' => 'X-Request-Id', 'form' => 'quoted']]);
        $client->post('orders', ['json' => [], 'idempotency_key' => true]);
        $keys = array_map(static fn (array $request): string => $request['headers']['x-request-id'], $this->vendor->requests());

        // Made once, in the form that every vendor takes, and the same for both attempts.
        self::assertMatchesRegularExpression('~^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$~', $keys[0]);
        self::assertSame([$keys[0], $keys[0]], $keys);
    }

    public function testWithAKeyAConflictIsWaitedForAndAnotherRequestIsFinal(): void
    {
        $client = $this->client(['retry' => ['max_attempts' => 3, 'base_delay_ms' => 1]]);
        $this->vendor->answer(409)->answer(200, []);
        self::assertSame(2, $client->post('orders', ['json' => [], 'idempotency_key' => 'a'])->attempts());

        $this->vendor->reset()->answer(422);
        $this->assertStatus(422, static fn () => $client->post('orders', ['json' => [], 'idempotency_key' => 'a']));
        $this->vendor->reset()->answer(409);
        $this->assertStatus(409, static fn () => $client->put('orders/1', ['json' => []]));
        self::assertCount(4, $this->vendor->requests());
    }

    public function testJsonHasADepth(): void
    {
        $this->vendor->answer(200, [[[1]]]);
        $response = $this->client()->get('x');
        self::assertSame([[[1]]], $response->json(4));
        $this->expectException(\JsonException::class);
        $response->json(3);
    }

    public function testErrorStatusSaysWhatIsKnown(): void
    {
        $this->vendor->answer(422, ['error' => 'sku']);
        try {
            $this->client()->post('orders', ['json' => []]);
            self::fail('nothing was thrown');
        } catch (StatusException $error) {
            self::assertSame(['catalog', 'yes', 1, 422], [$error->connection, $error->sent, $error->attempts, $error->status]);
            self::assertSame(['error' => 'sku'], $error->response?->json());
            self::assertStringNotContainsString('sku', $error->getMessage());
            self::assertInstanceOf(CallException::class, $error);
        }
    }

    public function testErrorStatusCanBeTakenAsAResponse(): void
    {
        $this->vendor->answer(404);
        self::assertSame(404, $this->client()->get('x', ['throw_on_error' => false])->getStatusCode());
    }

    public function testRefusedConnectionWasNotSent(): void
    {
        $vendor = new ScriptedVendor($this->path('') . 'gone');
        $baseUri = $vendor->baseUri;
        $vendor->stop();
        try {
            $this->client(['base_uri' => $baseUri])->get('x');
            self::fail('nothing was thrown');
        } catch (ConnectException $error) {
            self::assertSame(['no', null], [$error->sent, $error->status]);
        }
    }

    public function testLoopbackIsRefusedUnlessAllowed(): void
    {
        $this->expectException(AddressRefusedException::class);
        $this->client(['address' => ['allow_private' => false]])->get('x');
    }

    public function testBreakerOpensAndLetsAProbeThroughLater(): void
    {
        $this->vendor->answer(503);
        $client = $this->client(['breaker' => ['failure_rate' => 0.5, 'min_calls' => 3, 'window_s' => 30, 'open_ms' => 5000, 'probes' => 1]]);
        for ($call = 0; $call < 3; $call++) {
            $this->assertStatus(503, static fn () => $client->get('x'));
        }
        try {
            $client->get('x');
            self::fail('the breaker is closed');
        } catch (BreakerOpenException $open) {
            self::assertSame(['no', 0], [$open->sent, $open->attempts]);
            self::assertGreaterThan(0, $open->retryAfterMs);
        }
        self::assertCount(3, $this->vendor->requests());

        $this->vendor->reset()->answer(200, []);
        Clock::advance(5000);
        self::assertSame(200, $client->get('x')->getStatusCode());
    }

    public function testPausedConnectionSendsNothing(): void
    {
        $store = new SqliteStore($this->path('store.sqlite'));
        $switches = new Switches($store);
        $this->vendor->answer(200, []);
        $client = $this->client([], $store);
        $switches->pause('catalog', 'maintenance');
        self::assertTrue($switches->isPaused('catalog'));
        Clock::advance(1000);
        try {
            $client->get('x');
            self::fail('it was sent');
        } catch (PausedException $paused) {
            self::assertSame('no', $paused->sent);
        }
        $switches->resume('catalog');
        Clock::advance(1000);
        self::assertSame(200, $client->get('x')->getStatusCode());
        self::assertCount(1, $this->vendor->requests());
    }

    /** @param array<string, mixed> $options */
    private function client(array $options = [], ?SqliteStore $store = null): Client
    {
        return new Client('catalog', $options + [
            // Breaker and budget are shared by the whole host: each test has its own.
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
        ], $store);
    }

    private function assertStatus(int $status, callable $call): void
    {
        try {
            $call();
            self::fail("no status $status");
        } catch (StatusException $error) {
            self::assertSame($status, $error->status);
        }
    }
}
