<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Response;
use PHPUnit\Framework\Attributes\CoversClass;

#[CoversClass(Client::class)]
#[CoversClass(Response::class)]
final class NativeClientContractTest extends FrontContractTestCase
{
    protected function send(Client $client, string $method, string $uri, array $headers = [], string $body = ''): Answered
    {
        return $this->answered($client, $method, $uri, ['headers' => $headers] + ($body === '' ? [] : ['body' => $body]));
    }

    protected function sendWithKey(Client $client, string $method, string $uri, string $key): Answered
    {
        return $this->answered($client, $method, $uri, ['idempotency_key' => $key]);
    }

    protected function causeOf(\Throwable $thrown, FailureKind $kind): \Throwable
    {
        self::assertInstanceOf(CallException::class, $thrown);
        if ($kind === FailureKind::Request) {
            // The fronts tell a request that cannot be sent by this.
            self::assertSame(CallException::class, $thrown::class);
        }

        return $thrown;
    }

    /** @param array<string, mixed> $options */
    private function answered(Client $client, string $method, string $uri, array $options): Answered
    {
        $response = $client->request($method, $uri, $options + ['throw_on_error' => false]);

        return new Answered($response->getStatusCode(), $response->getReasonPhrase(), $response->getProtocolVersion(), $response->getHeaders(), $response->text());
    }
}
