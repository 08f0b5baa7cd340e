<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\NetworkException;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
final class DecodingTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;

    /** "causeway " twenty times, by the tools brotli and zstd. */
    private const BR = '1bb300f88d946edeb406091b2bd37375777942b7606099720e';
    private const ZSTD = '28b52ffd04588500004863617573657761792001002852e5081614eaed';

    /** @return iterable<string, array{string}> */
    public static function codings(): iterable
    {
        foreach (['gzip', 'deflate', 'bare'] as $coding) {
            yield $coding => ["coded/$coding?n=180"];
        }
        yield 'br' => ['raw?coding=br&b64=' . rawurlencode(base64_encode((string) hex2bin(self::BR)))];
        yield 'zstd' => ['raw?coding=zstd&b64=' . rawurlencode(base64_encode((string) hex2bin(self::ZSTD)))];
    }

    #[DataProvider('codings')]
    public function testCodingIsTakenOff(string $uri): void
    {
        $expected = str_starts_with($uri, 'coded') ? str_repeat(' ', 180) : str_repeat('causeway ', 20);
        $response = self::client()->get($uri);
        self::assertSame($expected, $response->text());
        self::assertSame([false, false, 180], [$response->hasHeader('Content-Encoding'), $response->hasHeader('Content-Length'), $response->getBody()->getSize()]);

        $body = self::client()->get($uri, ['stream' => true])->getBody();
        self::assertSame([null, $expected], [$body->getSize(), $body->getContents()]);
    }

    public function testCodingsAreAskedForUnlessTheCallerDoes(): void
    {
        $asked = static fn (array $options, array $connection = []): ?string => self::client($connection)->get('fields', $options)->json()['accept-encoding'] ?? null;
        self::assertSame('gzip, deflate, br, zstd', $asked([]));
        self::assertSame('gzip', $asked(['headers' => ['Accept-Encoding' => 'gzip']]));
        self::assertSame('identity', $asked([], ['headers' => ['Accept-Encoding' => 'identity']]));
        self::assertNull($asked(['decode' => false]));
    }

    public function testCallerWhoAsksForACodingGetsItsBytes(): void
    {
        $client = self::client();
        $plain = str_repeat(' ', 50);
        $own = ['headers' => ['Accept-Encoding' => 'gzip']];
        foreach ([['decode' => false], $own] as $options) {
            $response = $client->get('coded/gzip?n=50', $options);
            self::assertSame(['gzip', $plain], [$response->getHeaderLine('Content-Encoding'), gzdecode($response->text())]);
        }
        self::assertSame($plain, $client->get('coded/gzip?n=50', $own + ['decode' => true])->text());
    }

    public function testUnknownCodingIsLeftAsItIs(): void
    {
        $response = self::client()->get('raw?coding=compress&b64=' . base64_encode('as sent'));
        self::assertSame(['compress', 'as sent'], [$response->getHeaderLine('Content-Encoding'), $response->text()]);
    }

    public function testShortenedOrDamagedBodyIsRefusedAndTriedAgain(): void
    {
        foreach (['coded/gzip?n=1000&cut=1', 'coded/deflate?n=1000&cut=1', 'raw?coding=gzip&b64=' . base64_encode('no gzip')] as $uri) {
            $error = $this->assertThrows(NetworkException::class, static fn () => self::client()->get($uri));
            self::assertSame(['yes', 2], [$error->sent, $error->attempts], $uri);
        }
    }

    public function testRatioMayBeChosen(): void
    {
        $options = ['body_cap_bytes' => 8 << 20, 'decode_ratio' => 2000];
        self::assertSame(4 << 20, strlen(self::client($options)->get('coded/gzip?n=' . (4 << 20))->text()));
    }

    public function testHeadKeepsTheFieldsOfItsGet(): void
    {
        self::assertSame('gzip', self::client()->head('coded/gzip?n=0')->getHeaderLine('Content-Encoding'));
    }
}
