<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Causeway\Client as Connection;
use Causeway\Exception\ConnectException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\TemporaryFiles;
use Causeway\Tests\Support\VendorSim;
use Drupal\causeway\Http\BodyStream;
use Drupal\causeway\Http\ErrorMap;
use Drupal\causeway\Http\GuzzleHandler;
use Drupal\causeway\Http\GuzzleTransfer;
use GuzzleHttp\Client;
use GuzzleHttp\Exception\ClientException;
use GuzzleHttp\Exception\InvalidArgumentException;
use GuzzleHttp\Exception\RequestException;
use GuzzleHttp\HandlerStack;
use GuzzleHttp\Pool;
use GuzzleHttp\Promise\PromiseInterface;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Utils;
use GuzzleHttp\TransferStats;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

#[CoversClass(GuzzleHandler::class)]
#[CoversClass(GuzzleTransfer::class)]
#[CoversClass(BodyStream::class)]
#[CoversClass(ErrorMap::class)]
final class GuzzleHandlerTest extends TestCase
{
    use AssertThrows;
    use GuzzleVersion;
    use TemporaryFiles;

    private RawVendor $vendor;

    protected function setUp(): void
    {
        $this->vendor = new RawVendor(rtrim($this->path(''), '/'));
    }

    protected function tearDown(): void
    {
        $this->vendor->stop();
    }

    public function testBelowTheWholeStack(): void
    {
        $client = $this->guzzle(['headers' => ['X-Shop' => 'yes'], 'timeout' => 5]);
        $this->vendor->answer('HTTP/1.1 201 Created', '{"id":7}');
        $response = $client->request('POST', 'orders', ['json' => ['sku' => 'a'], 'query' => ['dry' => '1'], 'auth' => ['user', 'secret']]);

        self::assertSame([201, '{"id":7}'], [$response->getStatusCode(), (string) $response->getBody()]);
        $request = $this->vendor->requests()[0];
        self::assertStringStartsWith("POST /orders?dry=1 HTTP/1.1\r\n", $request);
        self::assertStringContainsString("\r\nx-shop: yes\r\n", $request);
        self::assertStringContainsString("\r\ncontent-length: 11\r\n", $request);
        self::assertStringContainsString("\r\nauthorization: Basic " . base64_encode('user:secret') . "\r\n", $request);
        self::assertStringEndsWith("\r\n\r\n{\"sku\":\"a\"}", $request);
    }

    public function testRedirectsAndErrorsAreTheStacks(): void
    {
        $this->vendor->answer("HTTP/1.1 302 Found\r\nLocation: /there")->answer('HTTP/1.1 422 Wrong', 'why');
        $error = $this->assertThrows(ClientException::class, fn () => $this->guzzle()->get('here'));
        self::assertInstanceOf(ClientException::class, $error);
        self::assertSame([422, 'why'], [$error->getResponse()->getStatusCode(), (string) $error->getResponse()->getBody()]);
        self::assertStringStartsWith('GET /there ', $this->vendor->requests()[1]);
    }

    public function testBodyOfUnknownLength(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK');
        $pieces = (static function (): \Generator {
            yield 'one,';
            yield 'two';
        })();
        $this->guzzle()->post('x', ['body' => Utils::streamFor($pieces)]);
        $request = $this->vendor->requests()[0];
        self::assertStringContainsString("\r\ntransfer-encoding: chunked\r\n", $request);
        self::assertStringNotContainsString('content-length', $request);
        [, $body] = explode("\r\n\r\n", $request, 2);
        self::assertSame('one,two', self::dechunked($body));
    }

    public function testLargeBodyIsReadWhileItIsSent(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK');
        $body = str_repeat('0123456789abcdef', 131_072);
        $this->guzzle()->put('x', ['body' => $body, 'expect' => false]);
        $request = $this->vendor->requests()[0];
        self::assertStringContainsString("\r\ncontent-length: 2097152\r\n", $request);
        self::assertSame(md5($body), md5(substr($request, (int) strpos($request, "\r\n\r\n") + 4)));
    }

    public function testExpectationThatGuzzleAddsIsMet(): void
    {
        $this->vendor->answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created", 'ok');
        $response = $this->guzzle()->post('x', ['body' => 'small', 'expect' => true]);
        self::assertSame([201, 'ok'], [$response->getStatusCode(), (string) $response->getBody()]);
    }

    public function testStreamComesWhileItIsRead(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 10", 'half');
        $body = $this->guzzle()->get('x', ['stream' => true, 'read_timeout' => 5])->getBody();
        self::assertSame([10, 'half', 4], [$body->getSize(), $body->read(100), $body->tell()]);
        $error = $this->assertThrows(NetworkException::class, static fn () => $body->read(100));
        self::assertSame('yes', $error->sent);
    }

    public function testProgressIsToldAsTheBodyComes(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 8", 'the body');
        $told = [];
        $note = static function (int ...$bytes) use (&$told): void {
            $told[] = $bytes;
        };
        $response = $this->guzzle()->post('x', ['body' => 'sent', 'progress' => $note]);
        self::assertSame('the body', (string) $response->getBody());
        self::assertSame([8, 0, 4, 4], $told[0]);
        self::assertSame([8, 8, 4, 4], end($told));
    }

    public function testBodyThatBreaksOffOnItsWayToTheSink(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 100", 'half');
        $error = $this->assertThrows(\GuzzleHttp\Exception\TransferException::class, fn () => $this->guzzle()->get('x', ['sink' => $this->path('sink')]));
        self::assertSame($this->exceptionOf('ConnectException', 'NetworkException'), $error::class);
    }

    public function testEncodedBodyIsDecodedAndLeftAloneWhereItIsWanted(): void
    {
        $bytes = (string) gzencode('text');
        foreach ([[true, 'text'], ['gzip', 'text'], [false, $bytes]] as [$decode, $body]) {
            $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip", $bytes);
            self::assertSame($body, (string) $this->guzzle()->get('x', ['decode_content' => $decode])->getBody());
        }
        self::assertMatchesRegularExpression('/^accept-encoding: .*gzip/m', $this->vendor->requests()[1]);
    }

    public function testPromiseOfACallInTheBackground(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK', 'body');
        $client = $this->guzzle();
        $seen = [];
        $promise = $client->getAsync('x', ['on_stats' => static function (TransferStats $stats) use (&$seen): void {
            $seen[] = $stats->getHandlerStat('attempts');
        }])->then(static fn (ResponseInterface $response): string => (string) $response->getBody());
        self::assertSame(PromiseInterface::PENDING, $promise->getState());
        self::assertSame(['body', [1]], [$promise->wait(), $seen]);
    }

    public function testPromiseThatIsCancelled(): void
    {
        $this->vendor->hang();
        $promise = $this->guzzle()->getAsync('x');
        $promise->cancel();
        $begun = hrtime(true);
        $this->assertThrows(\Throwable::class, static fn () => $promise->wait());
        self::assertLessThan(2e9, hrtime(true) - $begun);
    }

    public function testPoolRunsSideBySide(): void
    {
        $sim = new VendorSim();
        try {
            $sim->fault('catalog', 'latency', ['delay_ms' => 300]);
            $client = $this->guzzle(['headers' => ['Authorization' => 'Bearer ' . $sim->token('catalog')]], $sim->url('catalog') . '/');
            $ids = [];
            $pool = new Pool($client, array_map(static fn (int $id): Request => new Request('GET', "v1/products/$id"), range(1, 20)), [
                'concurrency' => 10,
                'fulfilled' => static function (ResponseInterface $response, int $at) use (&$ids): void {
                    $ids[$at] = json_decode((string) $response->getBody(), true)['id'];
                },
            ]);
            $begun = hrtime(true);
            $pool->promise()->wait();
            self::assertSame(range(1, 20), array_values($ids));
            // One after the other they take 6 s.
            self::assertLessThan(3e9, hrtime(true) - $begun);
        } finally {
            $sim->stop();
        }
    }

    private static function dechunked(string $body): string
    {
        $text = '';
        while (preg_match('/^([0-9a-f]+)\r\n/i', $body, $match) === 1 && ($length = (int) hexdec($match[1])) > 0) {
            $text .= substr($body, strlen($match[0]), $length);
            $body = substr($body, strlen($match[0]) + $length + 2);
        }

        return $text;
    }

    public function testSinkTakesTheBodyAndIsTheBody(): void
    {
        $file = $this->path('sink');
        $resource = fopen($this->path('resource'), 'w+');
        self::assertIsResource($resource);
        foreach (['path' => $file, 'resource' => $resource, 'stream' => Utils::streamFor('')] as $kind => $sink) {
            $this->vendor->answer('HTTP/1.1 200 OK', "body of $kind");
            self::assertSame("body of $kind", (string) $this->guzzle()->get('x', ['sink' => $sink])->getBody());
        }
        self::assertSame('body of path', file_get_contents($file));
        // It stays the caller's when the answer is gone.
        rewind($resource);
        self::assertSame('body of resource', stream_get_contents($resource));
    }

    public function testSinkThatCannotBeWritten(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK', 'body');
        $error = $this->assertThrows(RequestException::class, fn () => $this->guzzle()->get('x', ['sink' => $this->path('no/such/directory')]));
        $this->assertCarriesAnswer(200, $error);
    }

    public function testOnHeadersComesBeforeTheSinkAndMayRefuse(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nX-Size: 9", 'body');
        $refuse = static function (ResponseInterface $response): void {
            throw new \LengthException('too long: ' . $response->getHeaderLine('X-Size'));
        };
        $sink = $this->path('sink');
        $error = $this->assertThrows(RequestException::class, fn () => $this->guzzle()->get('x', ['on_headers' => $refuse, 'sink' => $sink]));
        $this->assertCarriesAnswer(200, $error);
        self::assertSame('too long: 9', $error->getPrevious()?->getMessage());
        self::assertFileDoesNotExist($sink);
    }

    public function testStatsOfAnAnswer(): void
    {
        $this->vendor->answer('HTTP/1.1 404 Nowhere');
        $seen = [];
        $this->guzzle()->get('x', ['http_errors' => false, 'on_stats' => static function (TransferStats $stats) use (&$seen): void {
            $seen[] = $stats;
        }]);
        self::assertCount(1, $seen);
        self::assertSame(404, $seen[0]->getResponse()?->getStatusCode());
        self::assertGreaterThan(0, $seen[0]->getTransferTime());
        self::assertSame(1, $seen[0]->getHandlerStat('attempts'));
        self::assertStringContainsString($seen[0]->getHandlerStat('correlation_id'), $this->vendor->requests()[0]);
    }

    public function testStatsOfAFailure(): void
    {
        $client = $this->guzzle();
        $this->vendor->stop();
        $seen = null;
        $note = static function (TransferStats $stats) use (&$seen): void {
            $seen = $stats;
        };
        $this->assertThrows(\GuzzleHttp\Exception\ConnectException::class, static fn () => $client->get('x', ['on_stats' => $note]));
        self::assertInstanceOf(TransferStats::class, $seen);
        self::assertNull($seen->getResponse());
        self::assertInstanceOf(ConnectException::class, $seen->getHandlerErrorData());
    }

    public function testFailureIsARejectionAndAWrongOptionIsThrown(): void
    {
        $handler = new GuzzleHandler($this->connection());
        $this->vendor->stop();
        self::assertSame(PromiseInterface::REJECTED, $handler(new Request('GET', 'x'), ['synchronous' => true])->getState());
        $this->assertThrows(InvalidArgumentException::class, static fn () => $handler(new Request('GET', 'x'), ['verify' => false]));
    }

    public function testTimeoutBeyondTheBoundsOfACall(): void
    {
        $error = $this->assertThrows(InvalidArgumentException::class, fn () => $this->guzzle()->get('x', ['timeout' => 86_400]));
        self::assertInstanceOf(OptionsException::class, $error->getPrevious());
        self::assertStringContainsString('total_ms', $error->getMessage());
    }

    public function testTimeoutEndsTheCall(): void
    {
        $this->vendor->hang();
        $error = $this->assertThrows(\GuzzleHttp\Exception\TransferException::class, fn () => $this->guzzle()->get('x', ['timeout' => 0.1]));
        self::assertSame($this->exceptionOf('ConnectException', 'NetworkTimeoutException'), $error::class);
    }

    public function testEncodedBodyIsNeverTakenForADecodedOne(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Encoding: compress", 'text');
        $error = $this->assertThrows(RequestException::class, fn () => $this->guzzle()->get('x'));
        self::assertStringContainsString('encoded', $error->getMessage());
        $this->assertCarriesAnswer(200, $error);
    }

    #[DataProvider('harmless')]
    public function testNothingToDecode(string $method, string $encoding, string $body): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Encoding: $encoding", $body);
        self::assertSame($body, (string) $this->guzzle()->request($method, 'x')->getBody());
    }

    /** @return iterable<string, array{string, string, string}> */
    public static function harmless(): iterable
    {
        yield 'identity' => ['GET', 'identity', 'text'];
        yield 'no body' => ['HEAD', 'gzip', ''];
    }

    public function testOwnMiddlewareKeepsItsOptions(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK');
        $stack = HandlerStack::create(new GuzzleHandler($this->connection(), ['shop_note']));
        $stack->push(static fn (callable $next): callable => static fn (RequestInterface $request, array $options) => $next($request->withHeader('X-Note', $options['shop_note']), $options));
        (new Client(['handler' => $stack]))->get('x', ['shop_note' => 'hello']);
        self::assertStringContainsString("\r\nx-note: hello\r\n", $this->vendor->requests()[0]);
    }

    private function assertCarriesAnswer(int $status, \Throwable $error): void
    {
        self::assertSame($this->exceptionOf('RequestException', 'ResponseException'), $error::class);
        self::assertTrue(method_exists($error, 'getResponse'));
        self::assertSame($status, $error->getResponse()?->getStatusCode());
    }

    /** @param array<string, mixed> $config */
    private function guzzle(array $config = [], ?string $baseUri = null): Client
    {
        $baseUri ??= $this->vendor->baseUri;

        return new Client($config + ['handler' => HandlerStack::create(new GuzzleHandler($this->connection($baseUri))), 'base_uri' => $baseUri]);
    }

    private function connection(?string $baseUri = null): Connection
    {
        return new Connection('fronts', [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => $baseUri ?? $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
        ]);
    }
}
