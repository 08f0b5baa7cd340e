<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Causeway\Client;
use Causeway\Tests\Support\AssertThrows;
use Drupal\causeway\Http\BodyStream;
use Drupal\causeway\Http\Call;
use Drupal\causeway\Http\ErrorMap;
use Drupal\causeway\Http\Exception\ClientException;
use Drupal\causeway\Http\Exception\NetworkException;
use Drupal\causeway\Http\Exception\RequestException;
use Drupal\causeway\Http\Failure;
use Drupal\causeway\Http\Psr18Client;
use Nyholm\Psr7\Factory\Psr17Factory;
use Nyholm\Psr7\Request;
use Nyholm\Psr7\Stream;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Client\NetworkExceptionInterface;
use Psr\Http\Client\RequestExceptionInterface;
use Psr\Http\Message\RequestInterface;

#[CoversClass(Psr18Client::class)]
#[CoversClass(Call::class)]
#[CoversClass(BodyStream::class)]
#[CoversClass(ErrorMap::class)]
#[CoversClass(Failure::class)]
final class Psr18ContractTest extends FrontContractTestCase
{
    use AssertThrows;

    private RequestInterface $request;

    protected function send(Client $client, string $method, string $uri, array $headers = [], string $body = ''): Answered
    {
        return $this->sendRequest($client, new Request($method, $uri, $headers, $body));
    }

    protected function causeOf(\Throwable $thrown, FailureKind $kind): \Throwable
    {
        [$class, $interface] = match ($kind) {
            FailureKind::Connect, FailureKind::Network, FailureKind::Timeout => [NetworkException::class, NetworkExceptionInterface::class],
            FailureKind::Request => [RequestException::class, RequestExceptionInterface::class],
            FailureKind::Other => [ClientException::class, ClientExceptionInterface::class],
        };
        self::assertInstanceOf($interface, $thrown);
        self::assertTrue($thrown instanceof $class);
        self::assertSame($this->request, $thrown->getRequest());
        $cause = $thrown->getPrevious();
        self::assertNotNull($cause);
        self::assertSame($cause->getMessage(), $thrown->getMessage());

        return $cause;
    }

    public function testOldProtocolVersionIsTolerated(): void
    {
        $this->vendor->answer('HTTP/1.0 200 OK');
        $answered = $this->sendRequest($this->client(), (new Request('GET', $this->vendor->baseUri))->withProtocolVersion('1.0'));
        self::assertSame([200, '1.0'], [$answered->status, $answered->version]);
    }

    public function testBodyIsReadFromItsBeginningAndTheAnswersToo(): void
    {
        $request = new Request('POST', 'x', [], 'whole');
        $request->getBody()->getContents();
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 2", 'ok');
        $response = $this->front($this->client())->sendRequest($request);
        self::assertSame('ok', $response->getBody()->getContents());
        self::assertStringEndsWith("\r\n\r\nwhole", $this->vendor->requests()[0]);
    }

    public function testChunkedIsSentWithItsLength(): void
    {
        $this->vendor->answer('HTTP/1.1 200 OK');
        $this->send($this->client(), 'POST', 'x', ['Transfer-Encoding' => ['chunked']], 'abc');
        self::assertStringContainsString("\r\ncontent-length: 3\r\n", $this->vendor->requests()[0]);
        self::assertStringNotContainsString('transfer-encoding', $this->vendor->requests()[0]);
    }

    public function testStreamedBodyComesAsItIsReadAndIsReadOnce(): void
    {
        $this->vendor->answer("HTTP/1.1 200 OK\r\nContent-Length: 8", 'in parts');
        $factory = new Psr17Factory();
        $body = (new Psr18Client($this->client(), $factory, $factory, true))->sendRequest(new Request('GET', 'x'))->getBody();
        self::assertSame([true, false, false, 8, null], [$body->isReadable(), $body->isSeekable(), $body->isWritable(), $body->getSize(), $body->getMetadata('uri')]);
        self::assertSame(['in', 2, ' parts', ''], [$body->read(2), $body->tell(), $body->getContents(), $body->read(1)]);
        self::assertTrue($body->eof());
        foreach ([static fn () => $body->seek(0), static fn () => $body->rewind(), static fn () => $body->write('x')] as $impossible) {
            $this->assertThrows(\RuntimeException::class, $impossible);
        }
        $body->close();
        self::assertSame([false, true], [$body->isReadable(), $body->eof()]);
        $this->assertThrows(\RuntimeException::class, static fn () => $body->read(1));
    }

    public function testBodyOfUnknownLengthIsSentInChunks(): void
    {
        $stream = popen('printf abc', 'r');
        self::assertIsResource($stream);
        $this->vendor->answer('HTTP/1.1 200 OK');
        $this->front($this->client())->sendRequest(new Request('POST', 'x', [], Stream::create($stream)));
        self::assertMatchesRegularExpression('/\r\ntransfer-encoding: chunked\r\n.*\r\n3\r\nabc\r\n0\r\n\r\n$/s', $this->vendor->requests()[0]);
    }

    #[DataProvider('unsendable')]
    public function testRequestThatContradictsTheTransportIsNotSent(string $named, RequestInterface $request): void
    {
        try {
            $this->front($this->client())->sendRequest($request);
            self::fail('it was sent');
        } catch (RequestException $refusal) {
            self::assertStringContainsStringIgnoringCase($named, $refusal->getMessage());
            self::assertSame($request, $refusal->getRequest());
            self::assertSame([], $this->vendor->requests());
        }
    }

    /** @return iterable<string, array{string, RequestInterface}> */
    public static function unsendable(): iterable
    {
        yield 'another host' => ['Host', new Request('GET', 'http://vendor.example/', ['Host' => 'other.example'])];
        yield 'a host for a relative URI' => ['Host', new Request('GET', 'x', ['Host' => 'other.example'])];
        yield 'a length too long' => ['Content-Length', new Request('POST', 'x', ['Content-Length' => '4'], 'abc')];
        yield 'a length too short' => ['Content-Length', new Request('POST', 'x', ['Content-Length' => '1'], 'abc')];
        yield 'two lengths' => ['Content-Length', new Request('POST', 'x', ['Content-Length' => ['3', '4']], 'abc')];
        yield 'another coding' => ['Transfer-Encoding', new Request('POST', 'x', ['Transfer-Encoding' => 'gzip, chunked'], 'abc')];
        yield 'a target of its own' => ['target', (new Request('OPTIONS', 'x'))->withRequestTarget('*')];
        yield 'a field of the transport' => ['upgrade', new Request('GET', 'x', ['Upgrade' => 'h2c'])];
        yield 'a body that is gone' => ['body', self::withClosedBody()];
    }

    private static function withClosedBody(): RequestInterface
    {
        $request = new Request('POST', 'x', [], 'abc');
        $request->getBody()->detach();

        return $request;
    }

    private function sendRequest(Client $client, RequestInterface $request): Answered
    {
        $this->request = $request;
        $response = $this->front($client)->sendRequest($request);
        $headers = array_change_key_case($response->getHeaders());

        return new Answered($response->getStatusCode(), $response->getReasonPhrase(), $response->getProtocolVersion(), $headers, (string) $response->getBody());
    }

    private function front(Client $client): Psr18Client
    {
        $factory = new Psr17Factory();

        return new Psr18Client($client, $factory, $factory);
    }
}
