<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\OptionsException;
use Causeway\Exception\SignatureException;
use Causeway\Http\Digest;
use Causeway\Http\MessageSignature;
use Causeway\Http\MessageSigner;
use Causeway\Http\MessageVerifier;
use Causeway\Tests\Support\FrozenClock;
use Nyholm\Psr7\Request;
use Nyholm\Psr7\Response;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(MessageSigner::class)]
#[CoversClass(MessageVerifier::class)]
#[CoversClass(MessageSignature::class)]
#[CoversClass(Digest::class)]
final class MessageSignatureTest extends TestCase
{
    use FrozenClock;

    private const KEYS = ['keys' => [['algorithm' => 'hmac-sha256', 'keyid' => 'k1', 'secret' => 'a shared secret']]];
    private const BODY = '{"hello": "world"}';

    public function testPsr7RequestIsSignedAndVerified(): void
    {
        $request = new Request('PUT', 'https://api.example/v1/orders?x=1', ['Content-Type' => 'application/json'], self::BODY);

        $fields = (new MessageSigner(self::KEYS + ['tag' => 'orders']))->sign($request);
        foreach ($fields as $name => $value) {
            $request = $request->withHeader($name, $value);
        }
        $signature = (new MessageVerifier(self::KEYS + ['tag' => 'orders']))->verify($request);

        self::assertSame(['Content-Digest', 'Signature-Input', 'Signature'], array_keys($fields));
        self::assertSame(
            ['sig1', 'k1', 0, 'hmac-sha256', self::NOW_MS, null, 'orders'],
            [
                $signature->label(), $signature->keyid(), $signature->keyIndex(), $signature->algorithm(),
                $signature->createdMs(), $signature->nonce(), $signature->tag(),
            ],
        );
        self::assertSame(['"@method"', '"@target-uri"', '"content-digest"'], $signature->components());
        self::assertSame(
            "\"@method\": PUT\n\"@target-uri\": https://api.example/v1/orders?x=1\n"
            . '"content-digest": ' . Digest::of(self::BODY) . "\n"
            . '"@signature-params": ("@method" "@target-uri" "content-digest");created=1700000000;keyid="k1";tag="orders"',
            MessageVerifier::base($request),
        );
    }

    public function testResponseIsBoundToItsRequest(): void
    {
        $request = ['method' => 'GET', 'url' => 'https://api.example/a'];
        $signer = new MessageSigner(self::KEYS + ['components' => ['@status', '@target-uri;req', 'content-digest']]);
        $response = new Response(200, [], self::BODY);
        foreach ($signer->sign($response, $request) as $name => $value) {
            $response = $response->withHeader($name, $value);
        }
        $verifier = new MessageVerifier(self::KEYS);

        self::assertCount(3, $verifier->verify($response, $request)->components());
        self::assertSame('no_match', self::reasonOf(fn () => $verifier->verify($response, ['url' => 'https://api.example/b'] + $request)));
        self::assertSame('missing_component', self::reasonOf(fn () => $verifier->verify($response)));
    }

    public function testServerVariablesAreEnough(): void
    {
        $sent = ['method' => 'POST', 'url' => 'https://shop.example/hook?a=b', 'body' => self::BODY];
        $components = ['@method', '@authority', '@request-target', 'content-digest'];
        $fields = (new MessageSigner(self::KEYS + ['components' => $components]))->sign($sent);
        $server = ['REQUEST_METHOD' => 'POST', 'REQUEST_URI' => '/hook?a=b', 'HTTP_HOST' => 'shop.example'];
        foreach ($fields as $name => $value) {
            $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
        }
        $got = ['method' => 'POST', 'url' => $server['REQUEST_URI'], 'headers' => $server, 'body' => self::BODY];

        self::assertSame('k1', (new MessageVerifier(self::KEYS))->verify($got)->keyid());
        self::assertSame('digest_mismatch', self::reasonOf(fn () => (new MessageVerifier(self::KEYS))->verify(['body' => '{}'] + $got)));
    }

    #[DataProvider('badMessages')]
    public function testMessageOfAnotherShapeIsAnOptionsError(mixed $message, mixed $request = null): void
    {
        $this->expectException(OptionsException::class);
        (new MessageVerifier(self::KEYS))->verify($message, $request);
    }

    /** @return iterable<string, array<mixed>> */
    public static function badMessages(): iterable
    {
        yield 'text' => ['GET /'];
        yield 'object' => [new \stdClass()];
        yield 'neither' => [['headers' => []]];
        yield 'both' => [['method' => 'GET', 'status' => 200]];
        yield 'misspelt' => [['method' => 'GET', 'uri' => '/']];
        yield 'no status' => [['status' => 99]];
        yield 'answer to an answer' => [['status' => 200], ['status' => 200]];
    }

    public function testKeysAreNeitherShownNorTakenForAnotherAlgorithm(): void
    {
        $signer = new MessageSigner(self::KEYS);
        self::assertStringNotContainsString('shared secret', print_r($signer, true));

        $this->expectException(OptionsException::class);
        $this->expectExceptionMessageMatches('/^MessageVerifier: .*keys\.0\.public_key/');
        new MessageVerifier(['keys' => [['algorithm' => 'ed25519', 'public_key' => 'a shared secret']]]);
    }

    public function testDigestIsMadeAndJudged(): void
    {
        $value = Digest::of(self::BODY);
        self::assertSame('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:', $value);
        self::assertSame('match', Digest::verdict('Content-Digest', $value, self::BODY));
        self::assertSame('mismatch', Digest::verdict('Content-Digest', $value, ''));
        self::assertSame('not-checkable', Digest::verdict('Repr-Digest', $value, self::BODY, 206));
        self::assertSame('match', Digest::verdict('Repr-Digest', Digest::of(self::BODY, ['sha-512', 'sha-256']), self::BODY));

        foreach ([fn () => Digest::of('', ['md5']), fn () => Digest::verdict('Digest', $value, '')] as $wrong) {
            try {
                $wrong();
                self::fail('it was accepted');
            } catch (OptionsException $refusal) {
                self::assertContains($refusal->field, ['algorithms', 'field']);
            }
        }
    }

    private static function reasonOf(callable $step): string
    {
        try {
            $step();
        } catch (SignatureException $refusal) {
            return $refusal->reason;
        }

        return 'accepted';
    }
}
