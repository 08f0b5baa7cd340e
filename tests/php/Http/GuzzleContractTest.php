<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Causeway\Client;
use Drupal\causeway\Http\Call;
use Drupal\causeway\Http\ErrorMap;
use Drupal\causeway\Http\Failure;
use Drupal\causeway\Http\GuzzleHandler;
use Drupal\causeway\Http\GuzzleTransfer;
use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Exception\RequestException;
use GuzzleHttp\Exception\TransferException;
use GuzzleHttp\Promise\PromiseInterface;
use GuzzleHttp\Psr7\Request;
use PHPUnit\Framework\Attributes\CoversClass;
use Psr\Http\Client\NetworkExceptionInterface;
use Psr\Http\Message\ResponseInterface;

#[CoversClass(GuzzleHandler::class)]
#[CoversClass(GuzzleTransfer::class)]
#[CoversClass(Call::class)]
#[CoversClass(ErrorMap::class)]
#[CoversClass(Failure::class)]
class GuzzleContractTest extends FrontContractTestCase
{
    use GuzzleVersion;

    /** As Guzzle's client says it for request() and send(). */
    protected const OPTIONS = ['synchronous' => true];

    protected function send(Client $client, string $method, string $uri, array $headers = [], string $body = ''): Answered
    {
        $promise = (new GuzzleHandler($client))(new Request($method, $uri, $headers, $body), ['decode_content' => false] + static::OPTIONS);
        self::assertInstanceOf(PromiseInterface::class, $promise);
        $response = $promise->wait();
        self::assertInstanceOf(ResponseInterface::class, $response);
        $headers = array_change_key_case($response->getHeaders());

        return new Answered($response->getStatusCode(), $response->getReasonPhrase(), $response->getProtocolVersion(), $headers, (string) $response->getBody());
    }

    protected function causeOf(\Throwable $thrown, FailureKind $kind): \Throwable
    {
        $class = match ($kind) {
            FailureKind::Connect => ConnectException::class,
            FailureKind::Network => $this->exceptionOf('ConnectException', 'NetworkException'),
            FailureKind::Timeout => $this->exceptionOf('ConnectException', 'NetworkTimeoutException'),
            FailureKind::Request => RequestException::class,
            FailureKind::Other => TransferException::class,
        };
        self::assertSame($class, $thrown::class);
        $isOfNetwork = in_array($kind, [FailureKind::Connect, FailureKind::Network, FailureKind::Timeout], true);
        self::assertSame($isOfNetwork, $thrown instanceof NetworkExceptionInterface);
        $cause = $thrown->getPrevious();
        self::assertNotNull($cause);

        return $cause;
    }
}
