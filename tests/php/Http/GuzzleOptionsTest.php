<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Drupal\causeway\Http\GuzzleOptions;
use GuzzleHttp\Exception\InvalidArgumentException;
use GuzzleHttp\Psr7\HttpFactory;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Utils;
use GuzzleHttp\RequestOptions;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(GuzzleOptions::class)]
final class GuzzleOptionsTest extends TestCase
{
    #[DataProvider('accepted')]
    public function testAccepted(string $name, mixed $value): void
    {
        $this->expectNotToPerformAssertions();
        GuzzleOptions::of([$name => $value], self::request(), []);
    }

    #[DataProvider('refused')]
    public function testRefusedByName(string $name, mixed $value): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage("\"$name\"");
        GuzzleOptions::of([$name => $value], self::request(), []);
    }

    /** @return iterable<string, array{string, mixed}> */
    public static function accepted(): iterable
    {
        yield from self::rows([
            'timeout' => [0, 2.5, '3'],
            'delay' => [0, 0.5, 3_600_000],
            'sink' => ['php://memory', STDERR, Utils::streamFor('')],
            'on_headers' => ['strlen'],
            'on_stats' => [static fn () => null],
            'response_factory' => [new HttpFactory()],
            'stream_factory' => [new HttpFactory()],
            'decode_content' => [true, false, 'gzip'],
            'auth' => [[], false],
            'protocols' => [['http', 'https'], ['https']],
            'version' => ['1.0', 1.1, '2', '2.0'],
            'crypto_method' => [STREAM_CRYPTO_METHOD_TLSv1_0_CLIENT, STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT],
            'crypto_method_max' => [STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT],
            'verify' => [true],
            'connect_timeout' => [0, 0.0],
            'proxy' => ['', [], ['http' => null, 'https' => null, 'no' => []], ['no' => ['localhost']]],
            'multiplex' => ['none', 'wait'],
            'debug' => [false],
            'stream' => [false, true],
            'progress' => ['strlen'],
            'curl' => [[]],
            'stream_context' => [[]],
            'allow_redirects' => [false, ['max' => 5]],
            'http_errors' => [true, false],
            'cookies' => [false],
            'retries' => [3],
            'synchronous' => [true],
            'expect' => [false],
            'idn_conversion' => [false],
            'base_uri' => ['https://vendor.example/'],
            '__redirect_count' => [1],
        ]);
        foreach (self::names() as $name) {
            yield "$name left at NULL" => [$name, null];
        }
    }

    /** @return iterable<string, array{string, mixed}> */
    public static function refused(): iterable
    {
        yield from self::rows([
            'timeout' => [-1, 'soon', INF],
            'delay' => [-0.1, 3_600_001, NAN],
            'sink' => [17, new \stdClass()],
            'on_headers' => ['no such function'],
            'on_stats' => [true],
            'response_factory' => ['class'],
            'decode_content' => [5],
            'auth' => [['user', 'password', 'digest'], 'ntlm'],
            'protocols' => [['http'], 'https'],
            'version' => ['3', 'x'],
            'crypto_method' => [STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT],
            'crypto_method_max' => [STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT],
            'verify' => [false, '/etc/ssl/own.pem'],
            'connect_timeout' => [2, 0.1],
            'read_timeout' => [5],
            'proxy' => ['http://proxy.example', ['https' => 'http://proxy.example']],
            'cert' => ['/a.pem', ['/a.pem', 'password']],
            'cert_type' => ['PEM'],
            'ssl_key' => ['/a.key'],
            'ssl_key_type' => ['PEM'],
            'stream' => ['yes'],
            'debug' => [true],
            'curl' => [[1 => 2]],
            'stream_context' => [['ssl' => []]],
            'multiplex' => ['require_wait'],
            'force_ip_resolve' => ['v4', 'v6'],
            'on_trailers' => ['strlen'],
            'progress' => ['no such function'],
            'json' => [['a' => 1]],
            'query' => ['a=1'],
            'timeout_ms' => [5],
        ]);
    }

    #[DataProvider('known')]
    public function testEveryOptionOfTheInstalledGuzzleIsKnown(string $name): void
    {
        try {
            GuzzleOptions::of([$name => new \ArrayObject(['an odd value'])], self::request(), []);
            self::addToAssertionCount(1);
        } catch (InvalidArgumentException $refusal) {
            self::assertStringNotContainsString('unknown', $refusal->getMessage());
        }
    }

    /** @return iterable<string, array{string}> */
    public static function known(): iterable
    {
        foreach (self::names() as $name) {
            yield $name => [$name];
        }
    }

    public function testOptionsOfOnesOwnMiddlewarePass(): void
    {
        self::assertSame(['decode' => true], GuzzleOptions::of(['shop_retry' => 3], self::request(), ['shop_retry'])->call);
    }

    public function testAuthThatMiddlewareTurnedIntoAFieldPasses(): void
    {
        $request = self::request()->withHeader('Authorization', 'Basic YTpi');
        self::assertSame(['decode' => true], GuzzleOptions::of(['auth' => ['a', 'b']], $request, [])->call);
    }

    public function testBodiesAreDecodedUnlessTheBytesAreWanted(): void
    {
        $decode = static fn (mixed $value): bool => GuzzleOptions::of(['decode_content' => $value], self::request(), [])->call['decode'];
        self::assertSame([true, true, false], array_map($decode, [true, 'gzip', false]));
    }

    #[DataProvider('timeouts')]
    public function testTimeoutBoundsTheWholeCall(mixed $seconds, ?int $totalMs): void
    {
        self::assertSame($totalMs, GuzzleOptions::of(['timeout' => $seconds], self::request(), [])->call['timeouts']['total_ms'] ?? null);
    }

    /** @return iterable<string, array{mixed, ?int}> */
    public static function timeouts(): iterable
    {
        yield 'none leaves the connection\'s' => [null, null];
        yield 'endless leaves the connection\'s' => [0, null];
        yield 'seconds' => [30, 30_000];
        yield 'a fraction' => [0.25, 250];
        yield 'never rounded to endless' => [0.0001, 1];
    }

    public function testReadTimeoutIsForStreams(): void
    {
        $options = GuzzleOptions::of(['stream' => true, 'read_timeout' => 2.5, 'timeout' => 9], self::request(), []);
        self::assertSame(['decode' => true, 'timeouts' => ['total_ms' => 9000, 'attempt_ms' => 2500], 'stream' => true], $options->call);
        $this->expectExceptionMessage('"read_timeout"');
        GuzzleOptions::of(['read_timeout' => 2.5], self::request(), []);
    }

    /** @return list<string> */
    private static function names(): array
    {
        return array_values((new \ReflectionClass(RequestOptions::class))->getConstants());
    }

    /**
     * @param array<string, array<mixed>> $values
     *
     * @return iterable<string, array{string, mixed}>
     */
    private static function rows(array $values): iterable
    {
        foreach ($values as $name => $list) {
            foreach ($list as $at => $value) {
                yield "$name $at" => [$name, $value];
            }
        }
    }

    private static function request(): Request
    {
        return new Request('GET', 'https://vendor.example/x');
    }
}
