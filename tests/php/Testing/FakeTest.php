<?php

declare(strict_types=1);

namespace Causeway\Tests\Testing;

use Causeway\Client;
use Causeway\Exception\BreakerOpenException;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Exception\StrayRequestException;
use Causeway\Exception\ThrottledException;
use Causeway\Exception\TimeoutException;
use Causeway\Response;
use Causeway\Testing\Clock;
use Causeway\Testing\Fake;
use Causeway\Testing\Fault;
use Causeway\Testing\Rule;
use Causeway\Testing\SentRequest;
use Causeway\Tests\Support\AssertThrows;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Fake::class)]
#[CoversClass(Rule::class)]
#[CoversClass(Fault::class)]
#[CoversClass(SentRequest::class)]
final class FakeTest extends TestCase
{
    use AssertThrows;

    private const NOW_MS = 1_700_000_000_000;

    private Fake $fake;

    protected function setUp(): void
    {
        Clock::freeze(self::NOW_MS);
        Clock::pinJitter(0.5);
        $this->fake = Fake::start();
    }

    protected function tearDown(): void
    {
        $this->fake->stop();
        Clock::thaw();
    }

    public function testRetriesAreReal(): void
    {
        $this->fake->on('catalog', 'GET', 'products/{id}')->fail(Fault::reset())->respond(503)->respond(200, ['id' => 42]);
        $response = self::client()->get('products/42');

        self::assertSame([['id' => 42], 3], [$response->json(), $response->attempts()]);
        self::assertSame([50, 100], Clock::waits());
        self::assertSame(self::NOW_MS + 150, Clock::nowMs());
        self::assertSame(['reset', null, null], array_map(static fn (SentRequest $sent): ?string => $sent->fault(), $this->fake->sent()));
        self::assertSame([self::NOW_MS, self::NOW_MS + 50, self::NOW_MS + 150], array_map(static fn (SentRequest $sent): int => $sent->atMs(), $this->fake->sent()));
    }

    public function testRetryAfterIsWaitedFor(): void
    {
        $this->fake->on('catalog')->respond(429, null, ['Retry-After' => '2'])->respond(204);
        self::assertSame(204, self::client()->get('x')->getStatusCode());
        self::assertSame([2000], Clock::waits());
    }

    public function testRetryAfterBeyondTheDeadlineHoldsTheConnectionUntilThen(): void
    {
        $this->fake->on('catalog')->respond(503, null, ['Retry-After' => '60'])->respond(200);
        $client = self::client(['timeouts' => ['total_ms' => 10_000]]);
        self::assertSame(60_000, $this->assertThrows(ThrottledException::class, static fn () => $client->get('x'))->retryAfterMs);
        self::assertSame('no', $this->assertThrows(ThrottledException::class, static fn () => $client->get('x'))->sent);
        Clock::advance(60_000);
        self::assertSame(200, $client->get('x')->getStatusCode());
        self::assertSame(2, $this->fake->sentCount());
    }

    public function testBreakerOpensAndClosesWithTheClock(): void
    {
        $this->fake->on('catalog')->respond(500)->respond(500)->respond(200);
        $client = self::client(['retry' => ['max_attempts' => 1], 'breaker' => ['failure_rate' => 0.5, 'min_calls' => 2, 'window_s' => 30, 'open_ms' => 5000, 'probes' => 1]]);
        $this->assertThrows(StatusException::class, static fn () => $client->get('x'));
        $this->assertThrows(StatusException::class, static fn () => $client->get('x'));
        $this->assertThrows(BreakerOpenException::class, static fn () => $client->get('x'));
        Clock::advance(4999);
        $this->assertThrows(BreakerOpenException::class, static fn () => $client->get('x'));
        Clock::advance(1);
        self::assertSame(200, $client->get('x')->getStatusCode());
        self::assertSame(3, $this->fake->sentCount());
    }

    public function testTokensAreAskedForAndLiveByTheClock(): void
    {
        $tokens = $this->fake->on('catalog', 'POST', 'https://id.vendor.example/token')
            ->respond(200, ['access_token' => 'first', 'token_type' => 'Bearer', 'expires_in' => 600])
            ->respond(200, ['access_token' => 'second', 'token_type' => 'Bearer', 'expires_in' => 600]);
        $products = $this->fake->on('catalog', 'GET', 'products/*')->respond(200, []);
        $client = self::client(['auth' => ['type' => 'oauth2_client_credentials', 'token_uri' => 'https://id.vendor.example/token', 'client_id' => 'shop', 'client_secret' => bin2hex(random_bytes(8))]]);
        $client->get('products/1');
        $client->get('products/2');
        Clock::advance(700_000);
        $client->get('products/3');

        self::assertSame([2, 3], [$tokens->hits(), $products->hits()]);
        $sent = array_map(static fn (SentRequest $request): string => $request->getHeaderLine('Authorization'), $this->fake->sent('catalog', 'GET'));
        self::assertSame(['Bearer first', 'Bearer first', 'Bearer second'], $sent);
    }

    #[DataProvider('faults')]
    public function testEachFaultIsWhatARealOneWouldBe(string $name, string $class, string $sent, int $elapsedMs, ?int $status): void
    {
        $this->fake->on()->fail(Fault::all()[$name]);
        $client = self::client(['retry' => ['max_attempts' => 1], 'timeouts' => ['connect_ms' => 300, 'attempt_ms' => 2000, 'total_ms' => 5000]]);
        $error = $this->assertThrows(CallException::class, static fn () => $client->get('x'));
        self::assertSame(["Causeway\\Exception\\$class", $sent, $elapsedMs, $status, 1], [$error::class, $error->sent, $error->elapsedMs, $error->status, $error->attempts]);
        self::assertSame($name, $this->fake->sent()[0]->fault());
    }

    /** @return iterable<string, array{string, string, string, int, ?int}> */
    public static function faults(): iterable
    {
        $rows = [
            ['refused', 'ConnectException', 'no', 0, null],
            ['dns', 'ConnectException', 'no', 0, null],
            ['tls', 'ConnectException', 'no', 0, null],
            ['connect_timeout', 'ConnectException', 'no', 300, null],
            ['closed', 'NetworkException', 'maybe', 0, null],
            ['reset', 'NetworkException', 'maybe', 0, null],
            ['hang', 'TimeoutException', 'maybe', 2000, null],
            ['garbled', 'NetworkException', 'yes', 0, null],
            ['endless_head', 'LimitException', 'yes', 0, null],
            ['half_body', 'NetworkException', 'yes', 0, 200],
            ['reset_in_body', 'NetworkException', 'yes', 0, 200],
            ['stalled_body', 'TimeoutException', 'yes', 2000, 200],
            ['endless_body', 'LimitException', 'yes', 0, 200],
        ];
        self::assertSame(array_keys(Fault::all()), array_column($rows, 0));
        foreach ($rows as $row) {
            yield $row[0] => $row;
        }
    }

    public function testSlowAnswersMeetTheTimeouts(): void
    {
        $client = self::client(['retry' => ['max_attempts' => 1], 'timeouts' => ['attempt_ms' => 2000, 'total_ms' => 5000]]);
        $this->fake->on()->respond(200, 'late')->delay(1999);
        self::assertSame(1999.0, $client->get('x')->elapsedMs());
        $this->fake->on()->respond(200, 'later')->delay(2001);
        self::assertSame(2000, $this->assertThrows(TimeoutException::class, static fn () => $client->get('x'))->elapsedMs);
        $this->fake->on()->respond(200, 'drop by drop')->drip(12, 150);
        $response = $client->get('x');
        self::assertSame(['drop by drop', 1800.0], [$response->text(), $response->elapsedMs()]);
        $this->fake->on()->respond(200, 'drop by drop')->drip(12, 180);
        self::assertSame('yes', $this->assertThrows(TimeoutException::class, static fn () => $client->get('x'))->sent);
        // A vendor's slowness is no wait of ours.
        self::assertSame([], Clock::waits());
    }

    public function testManyCallsTakeFrozenTimeSideBySide(): void
    {
        $this->fake->on('catalog', 'GET', 'items/{id}')->respond(200, 'x')->delay(100);
        $this->fake->on('catalog', 'GET', 'items/3')->respond(503)->delay(10)->respond(200, 'x')->delay(10);
        $results = self::client()->all(array_map(static fn (int $id): string => "items/$id", range(1, 20)), 10);
        self::assertSame(array_fill(0, 20, 'x'), array_map(static fn (mixed $result): mixed => $result instanceof Response ? $result->text() : $result, $results));
        // Two rounds of ten.
        self::assertThat(Clock::nowMs() - self::NOW_MS, self::logicalAnd(self::greaterThanOrEqual(200), self::lessThanOrEqual(220)));
        self::assertSame(21, $this->fake->sentCount());
    }

    public function testCallInTheBackgroundIsMadeAtOnce(): void
    {
        $this->fake->on('catalog', 'GET', 'good')->respond(200, 'body');
        $this->fake->on('catalog', 'GET', 'bad')->fail(Fault::refused());
        $client = self::client(['retry' => ['max_attempts' => 1]]);
        [$good, $bad] = [$client->start('GET', 'good'), $client->start('GET', 'bad')];
        self::assertSame([true, true, 2], [$good->isDone(), $bad->isDone(), $this->fake->sentCount()]);
        self::assertSame('body', $good->wait()->text());
        $this->assertThrows(ConnectException::class, static fn () => $bad->wait());
    }

    public function testStreamsBothWays(): void
    {
        $this->fake->on('catalog', 'POST', 'up')->withJson(['a' => 1])->respond(200, "data: one\n\ndata: two\n\n", ['Content-Type' => 'text/event-stream'])->drip(5, 100);
        $response = self::client()->post('up', ['body' => new \ArrayIterator(['{"a"', ':1}']), 'stream' => true]);
        $events = [];
        foreach ($response->getBody()->events() as $event) {
            $events[] = [$event->data(), Clock::nowMs() - self::NOW_MS];
        }
        self::assertSame([['one', 300], ['two', 500]], $events);
        self::assertSame('{"a":1}', $this->fake->sent()[0]->text());

        $this->fake->on('catalog', 'GET', 'down')->fail(Fault::resetInBody());
        $body = self::client()->get('down', ['stream' => true])->getBody();
        self::assertNotSame('', $body->read(5));
        $error = $this->assertThrows(NetworkException::class, static fn () => $body->getContents());
        self::assertSame(['yes', 200], [$error->sent, $error->status]);
    }

    public function testEncodedAnswersAreDecoded(): void
    {
        $this->fake->on()->respond(200, (string) gzencode('{"a":1}'), ['Content-Encoding' => 'gzip']);
        self::assertSame(['a' => 1], self::client()->get('x')->json());
    }

    public function testTimeThatRunsIsReal(): void
    {
        Clock::thaw();
        $this->fake->on()->respond(200, 'ab')->delay(20)->drip(2, 10);
        self::assertGreaterThanOrEqual(40.0, self::client()->get('x')->elapsedMs());
        $this->fake->on()->fail(Fault::hang());
        $client = self::client(['retry' => ['max_attempts' => 1], 'timeouts' => ['attempt_ms' => 50, 'total_ms' => 100]]);
        $error = $this->assertThrows(TimeoutException::class, static fn () => $client->get('x'));
        self::assertThat($error->elapsedMs, self::logicalAnd(self::greaterThanOrEqual(50), self::lessThan(1000)));
    }

    public function testStrayRequestIsRefusedLoudly(): void
    {
        $this->fake->on('catalog', 'GET', 'products/1')->respond(200);
        $client = self::client();
        $error = $this->assertThrows(StrayRequestException::class, static fn () => $client->post('products/1?token=secret', ['json' => ['a' => 1]]));
        self::assertInstanceOf(\LogicException::class, $error);
        self::assertSame('catalog: no rule for catalog: POST https://api.vendor.example/v1/products/1: add one with Fake::on()', $error->getMessage());
        self::assertSame(['catalog', 'no', 1], [$error->connection, $error->sent, $error->attempts]);
        self::assertSame(['catalog: POST https://api.vendor.example/v1/products/1'], $this->fake->strays());
        self::assertSame(['catalog: GET products/1'], $this->fake->unused());
    }

    public function testNewestOpenRuleWins(): void
    {
        $this->fake->on()->respond(200);
        $this->fake->on('catalog', 'GET', 'products/{id}')->respond(404)->times(2);
        $statuses = array_map(static fn (): int => self::client()->get('products/7', ['throw_on_error' => false])->getStatusCode(), range(1, 3));
        self::assertSame([404, 404, 200], $statuses);
    }

    public function testRulesNarrowedByFieldAndJson(): void
    {
        $this->fake->on('catalog', 'POST')->respond(400);
        $this->fake->on('catalog', 'POST', 'orders?dry=1')->withHeader('X-Tenant', '7')->withJson(['order' => ['sku' => 'a']])->respond(201);
        $order = ['json' => ['order' => ['sku' => 'a', 'n' => 2]], 'query' => ['dry' => '1'], 'headers' => ['X-Tenant' => '7']];
        self::assertSame(201, self::client()->post('orders', $order)->getStatusCode());
        foreach ([['query' => []], ['headers' => []], ['json' => ['order' => ['sku' => 'b']]]] as $change) {
            self::assertSame(400, self::client()->post('orders', $change + $order + ['throw_on_error' => false])->getStatusCode());
        }
    }

    public function testLogSaysWhatWasSent(): void
    {
        $this->fake->on()->respond(201);
        self::client(['headers' => ['X-Shop' => 'yes']])->post('orders', ['json' => ['sku' => 'a'], 'query' => ['a' => ['1', '2'], 'b' => 'c d']]);
        [$sent] = $this->fake->sent('catalog', 'post', 'orders');
        self::assertSame(['catalog', 'POST', 'https://api.vendor.example/v1/orders?a=1&a=2&b=c+d'], [$sent->connection(), $sent->getMethod(), $sent->getUri()]);
        self::assertSame(['a' => ['1', '2'], 'b' => ['c d']], $sent->query());
        self::assertSame([['yes'], 'application/json', '', false], [$sent->getHeader('X-Shop'), $sent->getHeaderLine('Content-Type'), $sent->getHeaderLine('X-None'), $sent->hasHeader('X-None')]);
        self::assertContains('x-correlation-id', $sent->headerNames());
        self::assertSame(['{"sku":"a"}', ['sku' => 'a']], [$sent->text(), $sent->json()]);
        self::assertSame([201, null, 'catalog: POST https://api.vendor.example/v1/orders'], [$sent->status(), $sent->fault(), (string) $sent]);
        self::assertSame([1, 0, 0], [$this->fake->sentCount('catalog'), $this->fake->sentCount('crm'), $this->fake->sentCount('*', 'GET')]);
        self::assertStringNotContainsString('sku', print_r($sent, true));
    }

    public function testAnswersAsTheyAreScripted(): void
    {
        $this->fake->on('catalog', 'GET', 'text')->respond(200, "\x00\xff", ['Content-Type' => 'image/x', 'Set-Cookie' => ['a=1', 'b=2']], 'Fine by Us');
        $this->fake->on('catalog', '*', 'json')->respond(200, ['a' => 1.0, 'b' => 'ü/']);
        $response = self::client()->get('text');
        self::assertSame(["\x00\xff", 'Fine by Us', ['a=1', 'b=2'], ['image/x'], '1.1'], [$response->text(), $response->getReasonPhrase(), $response->getHeader('Set-Cookie'), $response->getHeader('Content-Type'), $response->getProtocolVersion()]);
        self::assertSame('{"a":1.0,"b":"ü/"}', self::client()->get('json')->text());
        self::assertSame('', self::client()->head('json')->text());
    }

    public function testLogOfAnyLengthCostsNothing(): void
    {
        $this->fake->on()->respond(200, 'ok');
        $client = self::client(['breaker' => false, 'retry' => ['max_attempts' => 1]]);
        $fastest = static function () use ($client): float {
            // Of this process's own time: a busy machine takes as much as it likes of the other.
            $spentUs = static function (): int {
                $usage = getrusage() ?: [];

                return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1_000_000 + $usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec'];
            };
            $round = static function () use ($client, $spentUs): int {
                $begun = $spentUs();
                for ($i = 0; $i < 200; $i++) {
                    $client->get('x');
                }

                return max(1, $spentUs() - $begun);
            };

            return min(array_map($round, range(1, 5)));
        };
        $atFirst = $fastest();
        for ($i = 0; $i < 20_000; $i++) {
            $client->get('x');
        }
        self::assertLessThan(3.0, $fastest() / $atFirst);
    }

    public function testStoppedFakeIsGone(): void
    {
        $this->fake->on()->respond(200);
        $this->fake->stop();
        Clock::thaw();
        $client = self::client(['base_uri' => 'http://127.0.0.1:1/', 'address' => ['allow_private' => true], 'retry' => ['max_attempts' => 1]]);
        self::assertSame('no', $this->assertThrows(CallException::class, static fn () => $client->get('x'))->sent);
    }

    #[DataProvider('mistakes')]
    public function testMistakesInATestAreTold(string $field, callable $mistake): void
    {
        $error = $this->assertThrows(OptionsException::class, fn () => $mistake($this->fake->on()));
        self::assertSame($field, $error->field);
    }

    /** @return iterable<string, array{string, callable(Rule): mixed}> */
    public static function mistakes(): iterable
    {
        yield 'a status' => ['status', static fn (Rule $rule) => $rule->respond(99)];
        yield 'a field' => ['headers', static fn (Rule $rule) => $rule->respond(200, '', ['X Y' => 'z'])];
        yield 'a delay' => ['ms', static fn (Rule $rule) => $rule->respond(200)->delay(-1)];
        yield 'pieces' => ['pieces', static fn (Rule $rule) => $rule->drip(0, 1)];
        yield 'a pattern' => ['uri', static fn (Rule $rule) => Fake::start()->on('*', '*', 'a/{b')];
        yield 'a recording' => ['file', static fn (Rule $rule) => Fake::replay(__DIR__ . '/none.json')];
    }

    /** @param array<string, mixed> $options */
    private static function client(array $options = []): Client
    {
        return new Client('catalog', $options + [
            'base_uri' => 'https://api.vendor.example/v1/',
            'retry' => ['max_attempts' => 4, 'base_delay_ms' => 100, 'max_delay_ms' => 5000],
        ]);
    }
}
