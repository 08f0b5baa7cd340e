<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Causeway\Client;
use Causeway\Exception\BreakerOpenException;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\PausedException;
use Causeway\Exception\TimeoutException;
use Causeway\Store\SqliteStore;
use Causeway\Switches;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** What every way to make a call promises: Causeway\Client and the fronts over it. */
abstract class FrontContractTestCase extends TestCase
{
    use TemporaryFiles;

    protected RawVendor $vendor;

    /** @param array<string, list<string>> $headers */
    abstract protected function send(Client $client, string $method, string $uri, array $headers = [], string $body = ''): Answered;

    /** Checks the exception's class for this kind; returns the extension's own one. */
    abstract protected function causeOf(\Throwable $thrown, FailureKind $kind): \Throwable;

    protected function setUp(): void
    {
        $this->vendor = new RawVendor(rtrim($this->path(''), '/'));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    #[DataProvider('statuses')]
    public function testEveryStatusIsAnAnswerWithTheVendorsOwnReason(int $status, string $reason): void
    {
        $this->vendor->answer("HTTP/1.1 $status $reason\r\nLocation: {$this->vendor->baseUri}elsewhere");
        $answered = $this->send($this->client(), 'GET', 'x');

        self::assertSame([$status, $reason, '1.1'], [$answered->status, $answered->reason, $answered->version]);
        self::assertSame(["{$this->vendor->baseUri}elsewhere"], $answered->headers['location']);
        self::assertCount(1, $this->vendor->requests());
    }

    /** @return iterable<string, array{int, string}> */
    public static function statuses(): iterable
    {
        foreach ([201, 204, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 429, 500, 503] as $status) {
            yield "$status" => [$status, "Reason $status of ours"];
        }
        yield 'a standard reason' => [200, 'OK'];
        yield 'a status that nobody knows' => [599, 'So Far'];
    }

    #[DataProvider('methods')]
    public function testEveryMethodIsSent(string $method): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 2", 'ok');
        self::assertSame('ok', $this->send($this->client(), $method, 'x')->body);
        self::assertStringStartsWith("$method /x HTTP/1.1\r\n", $this->vendor->requests()[0]);
    }

    /** @return iterable<string, array{string}> */
    public static function methods(): iterable
    {
        foreach (['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE', 'M-SEARCH'] as $method) {
            yield $method => [$method];
        }
    }

    public function testHeadHasNoBodyAndKeepsItsLength(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 1234");
        $answered = $this->send($this->client(), 'HEAD', 'x');
        self::assertSame(['', ['1234']], [$answered->body, $answered->headers['content-length']]);
    }

    public function testBytesGoBothWaysAsTheyAre(): void
    {
        $bytes = implode('', array_map('chr', range(0, 255)));
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 256", $bytes);
        self::assertSame($bytes, $this->send($this->client(), 'POST', 'x', [], $bytes)->body);
        self::assertStringEndsWith("\r\n\r\n$bytes", $this->vendor->requests()[0]);
    }

    public function testAnEncodedBodyIsHandedOutAsItIs(): void
    {
        $bytes = (string) gzencode('text');
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " . strlen($bytes), $bytes);
        $answered = $this->send($this->client(), 'GET', 'x', ['Accept-Encoding' => ['gzip']]);
        self::assertSame([$bytes, ['gzip']], [$answered->body, $answered->headers['content-encoding']]);
    }

    public function testFieldsAreNotTouched(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2, c");
        $fields = ['X-Two' => ['one', 'two'], 'Connection' => ['close'], 'Content-Length' => ['0'], 'X-Empty' => ['']];
        $answered = $this->send($this->client(), 'POST', 'x', $fields);

        self::assertSame(['a=1', 'b=2, c'], $answered->headers['set-cookie']);
        $request = $this->vendor->requests()[0];
        foreach (['x-two: one', 'x-two: two', 'connection: close', 'content-length: 0', 'x-empty:'] as $line) {
            self::assertMatchesRegularExpression("/^$line *\r$/m", $request);
        }
    }

    #[DataProvider('uris')]
    public function testUriIsTakenBelowTheBaseOrOnItsOrigin(string $uri, string $target): void
    {
        $this->vendor->answer('HTTP/1.1 204 No Content');
        $this->send($this->client(), 'GET', str_replace('BASE/', $this->vendor->baseUri, $uri));
        self::assertStringStartsWith("GET $target HTTP/1.1\r\n", $this->vendor->requests()[0]);
    }

    /** @return iterable<string, array{string, string}> */
    public static function uris(): iterable
    {
        yield 'relative' => ['products/42?a=b%20c&d%5B%5D=1', '/products/42?a=b%20c&d%5B%5D=1'];
        yield 'from the root' => ['/products/42', '/products/42'];
        yield 'absolute' => ['BASE/v2/products?x=%2F', '/v2/products?x=%2F'];
        yield 'without a path' => ['BASE/', '/'];
        yield 'with a fragment' => ['BASE/a#b', '/a'];
    }

    public function testCredentialsDoNotCrossOrigins(): void
    {
        $client = $this->client(['auth' => ['type' => 'oauth2_client_credentials', 'token_uri' => $this->vendor->baseUri . 'token', 'client_id' => 'a', 'client_secret' => 'b']]);
        $this->assertFails(FailureKind::Request, 'no', CallException::class, fn () => $this->send($client, 'GET', 'http://elsewhere.example/x'));
        self::assertSame([], $this->vendor->requests());
    }

    public function testUserInTheUriIsRefused(): void
    {
        $uri = str_replace('http://', 'http://user:secret@', $this->vendor->baseUri);
        $error = $this->assertFails(FailureKind::Request, 'no', CallException::class, fn () => $this->send($this->client(), 'GET', $uri));
        self::assertStringNotContainsString('secret', $error->getMessage());
    }

    public function testRefusedConnection(): void
    {
        $client = $this->client();
        $this->vendor->stop();
        $this->assertFails(FailureKind::Connect, 'no', ConnectException::class, fn () => $this->send($client, 'GET', 'x'));
    }

    public function testConnectionThatEndsWithoutAnAnswer(): void
    {
        $this->vendor->answer('');
        $this->assertFails(FailureKind::Network, null, NetworkException::class, fn () => $this->send($this->client(), 'POST', 'x'));
    }

    public function testBodyThatBreaksOffIsNoAnswer(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 100", 'half');
        $this->assertFails(FailureKind::Network, 'yes', NetworkException::class, fn () => $this->send($this->client(), 'GET', 'x'));
    }

    public function testVendorThatHangs(): void
    {
        $this->vendor->hang();
        $client = $this->client(['timeouts' => ['attempt_ms' => 100, 'total_ms' => 200]]);
        $this->assertFails(FailureKind::Timeout, 'maybe', TimeoutException::class, fn () => $this->send($client, 'GET', 'x'));
    }

    public function testOpenBreakerIsNoTroubleOfTheNetwork(): void
    {
        $client = $this->client(['breaker' => ['failure_rate' => 0.5, 'min_calls' => 1, 'window_s' => 30, 'open_ms' => 60000, 'probes' => 1]]);
        $this->vendor->answer('HTTP/1.1 503 Down');
        self::assertSame(503, $this->send($client, 'GET', 'x')->status);
        $this->assertFails(FailureKind::Other, 'no', BreakerOpenException::class, fn () => $this->send($client, 'GET', 'x'));
    }

    public function testPausedConnection(): void
    {
        $store = new SqliteStore($this->path('store.sqlite'));
        (new Switches($store))->pause('fronts', 'test');
        $client = $this->client([], $store);
        $this->assertFails(FailureKind::Other, 'no', PausedException::class, fn () => $this->send($client, 'GET', 'x'));
    }

    public function testPostWithAnIdempotencyKeyIsRepeated(): void
    {
        $this->vendor->answer('HTTP/1.1 503 Down')->answer('HTTP/1.1 201 Created');
        $client = $this->client(['retry' => ['max_attempts' => 2, 'base_delay_ms' => 1, 'max_delay_ms' => 2]]);
        self::assertSame(201, $this->sendWithKey($client, 'POST', 'x', 'order-7')->status);
        foreach ($this->vendor->requests() as $request) {
            self::assertMatchesRegularExpression("/^idempotency-key: order-7\r$/m", $request);
        }
    }

    protected function sendWithKey(Client $client, string $method, string $uri, string $key): Answered
    {
        return $this->send($client, $method, $uri, ['Idempotency-Key' => [$key]]);
    }

    /** @param array<string, mixed> $options */
    protected function client(array $options = [], ?SqliteStore $store = null): Client
    {
        return new Client('fronts', $options + [
            // Breaker and budget are shared by the whole host: each test has its own.
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
        ], $store);
    }

    /** @param class-string<CallException> $class */
    private function assertFails(FailureKind $kind, ?string $sent, string $class, callable $call): CallException
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            $cause = $this->causeOf($thrown, $kind);
            self::assertInstanceOf($class, $cause);
            self::assertSame($sent ?? $cause->sent, $cause->sent);

            return $cause;
        }
        self::fail('nothing was thrown');
    }
}
