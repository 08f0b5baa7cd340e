<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\AuthException;
use Causeway\Exception\CallException;
use Causeway\Rig\Scratch;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\Proxy;
use Causeway\Tests\Support\VendorSim;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

require_once \dirname(__DIR__) . '/rig/autoload.php';

/**
 * Each fault of a vendor, in each phase of an answer: which exception, what is known, in what time.
 * The same table holds for Causeway\Testing\Fault, see FakeTest.
 */
#[CoversClass(CallException::class)]
final class FaultTest extends TestCase
{
    use AssertThrows;

    private const ATTEMPT_MS = 500;

    /** What a busy machine may need beyond a deadline. */
    private const SLACK_MS = 400;

    private const PATH = 'v1/products/42';

    private static VendorSim $sim;
    private static Scratch $scratch;
    private static Proxy $proxy;

    /** Sockets are pooled by their timeout: each client has a new one, which no earlier fault broke. */
    private static int $connectMs = 1000;

    public static function setUpBeforeClass(): void
    {
        self::$sim = new VendorSim();
        self::$scratch = new Scratch('fault-test');
        self::$proxy = new Proxy(self::$scratch);
    }

    public static function tearDownAfterClass(): void
    {
        self::$sim->stop();
        self::$proxy->stop();
    }

    protected function setUp(): void
    {
        self::$sim->fault('all', 'none');
        self::$sim->control('log/reset');
    }

    /** @param array<string, mixed> $more */
    #[DataProvider('faults')]
    public function testEachFaultSaysWhatIsKnown(string $kind, array $more, string $class, string $sent, ?int $status, bool $takesTheTimeout): void
    {
        $client = $this->client();
        self::$sim->fault('catalog', $kind, $more);
        $error = $this->assertThrows(CallException::class, static fn () => $client->get(self::PATH));

        self::assertSame(["Causeway\\Exception\\$class", $sent, $status], [$error::class, $error->sent, $error->status], $error->getMessage());
        self::assertSame(['catalog', 1], [$error->connection, $error->attempts]);
        self::assertLessThan(self::ATTEMPT_MS + self::SLACK_MS, $error->elapsedMs);
        if ($takesTheTimeout) {
            self::assertGreaterThanOrEqual(self::ATTEMPT_MS, $error->elapsedMs);
        }
        $log = self::$sim->log('catalog');
        self::assertCount($sent === 'no' ? 0 : 1, $log);
        foreach ($log as $entry) {
            self::assertSame($error->correlationId, $entry['correlation_id']);
        }
    }

    /**
     * Proxies are the library's way, and not the lane's: what is known is the same, but for a head
     * that breaks off. The library does not say whether a byte of it had come.
     *
     * @param array<string, mixed> $more
     */
    #[DataProvider('faults')]
    public function testEachFaultSaysTheSameThroughAProxy(string $kind, array $more, string $class, string $sent, ?int $status, bool $takesTheTimeout): void
    {
        if ($kind === 'refuse') {
            self::markTestSkipped('the proxy answers in its place');
        }
        $sent = $kind === 'half_head' ? 'maybe' : $sent;
        $client = $this->client(['proxy' => 'http://' . self::$proxy->address]);
        self::$sim->fault('catalog', $kind, $more);
        $error = $this->assertThrows(CallException::class, static fn () => $client->get(self::PATH));

        self::assertSame(["Causeway\\Exception\\$class", $sent, $status], [$error::class, $error->sent, $error->status], $error->getMessage());
        self::assertLessThan(self::ATTEMPT_MS + self::SLACK_MS, $error->elapsedMs);
        if ($takesTheTimeout) {
            self::assertGreaterThanOrEqual(self::ATTEMPT_MS, $error->elapsedMs);
        }
        self::assertCount(1, self::$sim->log('catalog'));
        self::assertStringContainsString('GET ' . self::$sim->url('catalog') . '/' . self::PATH . " HTTP/1.1\r\n", self::$proxy->heads());
    }

    /** @param array<string, mixed> $more */
    #[DataProvider('faults')]
    public function testPostIsRepeatedOnlyWhereItWasSurelyNotSent(string $kind, array $more, string $class, string $sent): void
    {
        $client = $this->client(['retry' => ['max_attempts' => 3, 'base_delay_ms' => 1, 'max_delay_ms' => 2]]);
        self::$sim->fault('catalog', $kind, $more);
        $error = $this->assertThrows(CallException::class, static fn () => $client->post(self::PATH, ['body' => 'x']));
        self::assertSame($sent === 'no' ? 3 : 1, $error->attempts, $error->getMessage());
        self::assertCount($sent === 'no' ? 0 : 1, self::$sim->log('catalog'));
    }

    /** @return iterable<string, array{string, array<string, mixed>, string, string, ?int, bool}> */
    public static function faults(): iterable
    {
        yield 'no port' => ['refuse', [], 'ConnectException', 'no', null, false];
        yield 'a reset in place of an answer' => ['reset', [], 'NetworkException', 'maybe', null, false];
        yield 'an end in place of an answer' => ['close', [], 'NetworkException', 'maybe', null, false];
        yield 'no answer' => ['hang', [], 'TimeoutException', 'maybe', null, true];
        yield 'an answer too late' => ['latency', ['delay_ms' => 5000], 'TimeoutException', 'maybe', null, true];
        yield 'no HTTP' => ['garbled', [], 'NetworkException', 'yes', null, false];
        yield 'a head that breaks off' => ['half_head', [], 'NetworkException', 'yes', null, false];
        yield 'a head that stalls' => ['stalled_head', [], 'TimeoutException', 'maybe', null, true];
        yield 'a head without end' => ['endless_head', [], 'LimitException', 'yes', null, false];
        yield 'a body that breaks off' => ['half_body', [], 'NetworkException', 'yes', 200, false];
        yield 'a reset in the body' => ['reset_in_body', [], 'NetworkException', 'yes', 200, false];
        yield 'a body that stalls' => ['stalled_body', [], 'TimeoutException', 'yes', 200, true];
        yield 'a body that trickles' => ['slow_body', ['delay_ms' => 200], 'TimeoutException', 'yes', 200, true];
        yield 'a body without end' => ['endless_body', [], 'LimitException', 'yes', 200, false];
        yield 'an error of the vendor' => ['status', ['status' => 503], 'StatusException', 'yes', 503, false];
        yield 'a wish to come back beyond the deadline' => ['status', ['status' => 429, 'retry_after_s' => 60], 'ThrottledException', 'yes', 429, false];
    }

    #[DataProvider('places')]
    public function testPlacesThatCannotBeReached(string $baseUri): void
    {
        $client = $this->client(['base_uri' => $baseUri]);
        $error = $this->assertThrows(CallException::class, static fn () => $client->post('x'));
        self::assertSame(['Causeway\Exception\ConnectException', 'no', null], [$error::class, $error->sent, $error->status], $error->getMessage());
    }

    /** @return iterable<string, array{string}> */
    public static function places(): iterable
    {
        yield 'a name that nobody has' => ['http://vendor.invalid/'];
        yield 'TLS where there is none' => ['https://127.0.0.1:PORT/'];
    }

    /** @param array<string, mixed> $more */
    #[DataProvider('faultsOfIdentity')]
    public function testVendorHasSeenNothingWhereTheIdentityProviderFailed(string $kind, array $more): void
    {
        $auth = ['type' => 'oauth2_client_credentials', 'token_uri' => self::$sim->url('token_url'), 'client_id' => 'catalog', 'client_secret' => 'catalog-secret'];
        $client = $this->client(['auth' => $auth, 'headers' => []]);
        self::$sim->fault('identity', $kind, $more);
        $error = $this->assertThrows(AuthException::class, static fn () => $client->post(self::PATH));
        self::assertSame(['no', 0], [$error->sent, $error->attempts], $error->getMessage());
        self::assertLessThan(2 * self::ATTEMPT_MS + self::SLACK_MS, $error->elapsedMs);
        self::assertSame([], self::$sim->log('catalog'));
    }

    /** @return iterable<string, array{string, array<string, mixed>}> */
    public static function faultsOfIdentity(): iterable
    {
        foreach (['refuse', 'reset', 'close', 'hang', 'garbled', 'endless_head', 'half_body', 'reset_in_body', 'stalled_body', 'endless_body'] as $kind) {
            yield $kind => [$kind, []];
        }
        yield 'an error' => ['status', ['status' => 503]];
    }

    public function testServerThatClosesAfterEachAnswerFailsNoGet(): void
    {
        $client = $this->client(['retry' => ['max_attempts' => 2, 'base_delay_ms' => 1, 'max_delay_ms' => 2, 'budget' => false]]);
        self::$sim->fault('catalog', 'close_after');
        for ($i = 0; $i < 1000; $i++) {
            self::assertSame(200, $client->get(self::PATH)->getStatusCode());
        }
        self::assertCount(1000, self::$sim->log('catalog'));
    }

    public function testServerThatClosesAfterEachAnswerGetsNoPostTwice(): void
    {
        $client = $this->client(['retry' => ['max_attempts' => 3, 'base_delay_ms' => 1, 'max_delay_ms' => 2]]);
        self::$sim->fault('catalog', 'close_after');
        $known = [];
        for ($i = 0; $i < 300; $i++) {
            try {
                $known[] = $client->post(self::PATH, ['body' => 'x', 'throw_on_error' => false])->correlationId();
            } catch (CallException $error) {
                // A server that closes just as a request leaves: nobody can know, and it is said.
                self::assertSame(['maybe', 1], [$error->sent, $error->attempts]);
            }
        }
        $seen = array_column(self::$sim->log('catalog'), 'correlation_id');
        self::assertSame(array_unique($seen), $seen);
        self::assertSame([], array_diff($known, $seen));
    }

    /** @param array<string, mixed> $options */
    private function client(array $options = []): Client
    {
        if (($options['base_uri'] ?? '') !== '') {
            $port = (string) parse_url(self::$sim->url('catalog'), PHP_URL_PORT);
            $options['base_uri'] = str_replace('PORT', $port, $options['base_uri']);
        }

        return new Client('catalog', $options + [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => self::$sim->url('catalog') . '/',
            'address' => ['allow_private' => true],
            'headers' => ['Authorization' => 'Bearer ' . self::$sim->token('catalog')],
            'retry' => ['max_attempts' => 1],
            'breaker' => false,
            'timeouts' => ['connect_ms' => self::$connectMs++, 'attempt_ms' => self::ATTEMPT_MS, 'total_ms' => 2 * self::ATTEMPT_MS],
        ]);
    }
}
