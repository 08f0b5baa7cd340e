<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\CausewayException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\SignatureException;
use Causeway\Secret;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Webhook\Verifier;
use Nyholm\Psr7\ServerRequest;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Symfony\Component\HttpFoundation\HeaderBag;
use Symfony\Component\HttpFoundation\Request;

#[CoversClass(Verifier::class)]
final class VerifierTest extends TestCase
{
    use FrozenClock;

    private const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const BODY = '{"test": 2432232314}';
    private const SIGNED_AT_MS = 1_614_265_330_000;
    private const HEADERS = [
        'Webhook-Id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'Webhook-Timestamp' => '1614265330',
        'Webhook-Signature' => 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ];

    protected function setUp(): void
    {
        Clock::freeze(self::SIGNED_AT_MS);
    }

    public function testDeliveryBringsItsEvent(): void
    {
        $delivery = self::verifier()->verify(self::BODY, self::HEADERS);

        self::assertSame('standard-webhooks', $delivery->scheme());
        self::assertSame(0, $delivery->secretIndex());
        self::assertCount(1, $delivery->events());
        $event = $delivery->events()[0];
        self::assertSame('msg_p5jXN8AQM9LWM0D4loKWxJek', $event->id());
        self::assertNull($event->type());
        self::assertSame('standard-webhooks', $event->source());
        self::assertSame(self::SIGNED_AT_MS, $event->timeMs());
        self::assertSame(hash('sha256', self::BODY), $event->checksum());
        self::assertSame(self::BODY, $event->payload());
        self::assertSame(['test' => 2432232314], $event->json());
    }

    /** @param array<string, mixed>|object $headers */
    #[DataProvider('headerShapes')]
    public function testHeadersAreTakenInAnyShapeOfPhp(array|object $headers): void
    {
        self::assertCount(1, self::verifier()->verify(self::BODY, $headers)->events());
    }

    /** @return iterable<string, array{array<string, mixed>|object}> */
    public static function headerShapes(): iterable
    {
        yield 'getallheaders()' => [self::HEADERS];
        yield 'lower case' => [array_change_key_case(self::HEADERS)];
        yield 'arrays of arrays' => [array_map(static fn (string $value): array => [$value], self::HEADERS)];
        yield 'a PSR-7 message' => [new ServerRequest('POST', 'https://shop.example/hook', self::HEADERS)];
        yield "Symfony's HeaderBag" => [new HeaderBag(self::HEADERS)];
        yield "Symfony's Request" => [Request::create('/hook', 'POST', server: self::server())->headers];
        $time = '1614265330';
        yield 'references' => [['Webhook-Timestamp' => &$time] + self::HEADERS];
        yield 'an integer' => [['Webhook-Timestamp' => 1614265330] + self::HEADERS];
        yield '$_SERVER' => [self::server()];
    }

    /** @return array<string, mixed> */
    private static function server(): array
    {
        $server = ['REQUEST_METHOD' => 'POST', 'argv' => ['x'], 'REQUEST_TIME' => 5];
        foreach (self::HEADERS as $name => $value) {
            $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
        }

        return $server;
    }

    #[DataProvider('otherShapes')]
    public function testHeadersInAnotherShapeAreAnOptionsError(mixed $headers): void
    {
        $this->expectException(OptionsException::class);
        self::verifier()->verify(self::BODY, $headers);
    }

    /** @return iterable<array{mixed}> */
    public static function otherShapes(): iterable
    {
        yield ['Webhook-Id: x'];
        yield [null];
        yield [new \stdClass()];
        yield [new class () {
            public function all(): string
            {
                return '';
            }
        }];
    }

    public function testFetchThatChangesAHeaderBehindAReferenceChangesNothing(): void
    {
        $type = 'Notification';
        $headers = ['x-amz-sns-message-type' => &$type];
        $body = json_encode([
            'Type' => 'Notification', 'MessageId' => 'm', 'TopicArn' => 't', 'Message' => 'x',
            'Timestamp' => '2021-02-25T15:02:10Z', 'SignatureVersion' => '2', 'Signature' => '',
            'SigningCertURL' => 'https://sns.us-east-2.amazonaws.com/a.pem',
        ], JSON_THROW_ON_ERROR);
        $this->expectException(SignatureException::class);
        (new Verifier('aws-sns', ['tolerance_s' => false]))->verify($body, $headers, fetch: static function () use (&$type): string {
            $type = str_repeat('other', 100);

            return '';
        });
    }

    /** @param array<string, mixed> $changed */
    #[DataProvider('forgeries')]
    public function testForgeryIsRefusedForItsReason(string $reason, array $changed, string $body = self::BODY): void
    {
        try {
            self::verifier()->verify($body, array_filter($changed + self::HEADERS, is_string(...)));
            self::fail('it was accepted');
        } catch (SignatureException $refusal) {
            self::assertSame($reason, $refusal->reason);
            self::assertInstanceOf(CausewayException::class, $refusal);
            self::assertStringNotContainsString('g0hM9SsE', $refusal->getMessage());
        }
    }

    /** @return iterable<string, array<mixed>> */
    public static function forgeries(): iterable
    {
        $wrong = 'v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
        yield 'tampered body' => ['no_match', [], '{"test": 2432232315}'];
        yield 'wrong signature' => ['no_match', ['Webhook-Signature' => $wrong]];
        yield 'other version alone' => ['unsupported_algorithm', ['Webhook-Signature' => strtr($wrong, ['v1,' => 'v2,'])]];
        yield 'no signature' => ['missing_header', ['Webhook-Signature' => null]];
        yield 'no signature in it' => ['malformed_header', ['Webhook-Signature' => 'v1,']];
        yield 'time with a sign' => ['malformed_timestamp', ['Webhook-Timestamp' => '+1614265330']];
        yield 'expired' => ['timestamp_too_old', ['Webhook-Timestamp' => '1614265029']];
        yield 'from the future' => ['timestamp_in_future', ['Webhook-Timestamp' => '1614265631']];
    }

    #[DataProvider('momentsAroundTheWindow')]
    public function testBothEdgesBelongToTheWindow(int $offsetMs, ?string $reason): void
    {
        Clock::freeze(self::SIGNED_AT_MS + $offsetMs);
        $got = null;
        try {
            self::verifier()->verify(self::BODY, self::HEADERS);
        } catch (SignatureException $refusal) {
            $got = $refusal->reason;
        }
        self::assertSame($reason, $got);
    }

    /** @return iterable<array{int, ?string}> */
    public static function momentsAroundTheWindow(): iterable
    {
        yield [-300_001, 'timestamp_in_future'];
        yield [-300_000, null];
        yield [300_000, null];
        yield [300_001, 'timestamp_too_old'];
    }

    public function testHandshakeIsAnsweredAndBringsNoEvent(): void
    {
        $verifier = new Verifier('zoom', ['secrets' => ['zoom-secret-token']]);
        $body = '{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event":"endpoint.url_validation"}';

        $delivery = $verifier->verify($body, []);

        self::assertSame([], $delivery->events());
        $reply = $delivery->reply();
        self::assertNotNull($reply);
        self::assertSame([200, 'application/json'], [$reply->status(), $reply->contentType()]);
        self::assertSame(
            '{"plainToken":"qgg8vlvZRS6UYooatFL8Aw",'
            . '"encryptedToken":"d9e0d764a78494688ba3f2d5c0ed4ca311394b4834d959759213424d2df961e3"}',
            $reply->body(),
        );
        self::assertNull(self::verifier()->verify(self::BODY, self::HEADERS)->reply());
    }

    public function testCertificateThatCannotBeFetchedGivesNoVerdict(): void
    {
        $verifier = new Verifier('aws-sns', []);
        $body = json_encode([
            'Type' => 'Notification', 'MessageId' => 'm', 'TopicArn' => 't', 'Message' => 'x',
            'Timestamp' => '2021-02-25T15:02:10Z', 'SignatureVersion' => '2', 'Signature' => '',
            'SigningCertURL' => 'https://sns.us-east-2.amazonaws.com/a.pem',
        ], JSON_THROW_ON_ERROR);
        $asked = [];
        $fetch = static function (string $url) use (&$asked): string {
            $asked[] = $url;

            throw new \RuntimeException('offline');
        };
        foreach ([null, $fetch] as $given) {
            try {
                $verifier->verify($body, [], fetch: $given);
                self::fail('it was accepted');
            } catch (SignatureException $refusal) {
                self::assertSame('secret_unavailable', $refusal->reason);
            }
        }
        self::assertSame(['https://sns.us-east-2.amazonaws.com/a.pem'], $asked);
    }

    public function testSecretByReferenceIsReadThroughItsResolver(): void
    {
        Secret::resolver('vault', static fn (string $id): ?string => $id === 'hook' ? self::SECRET : null);
        $options = ['secrets' => ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', Secret::ref('vault:hook')]];

        $delivery = (new Verifier('standard-webhooks', $options))->verify(self::BODY, self::HEADERS);

        self::assertSame(1, $delivery->secretIndex());
    }

    public function testRolledSecretIsReadAgainWhenNothingMatched(): void
    {
        $secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
        $asked = 0;
        Secret::resolver('vault', static function () use (&$secret, &$asked): string {
            $asked++;

            return $secret;
        });
        $verifier = new Verifier('standard-webhooks', ['secrets' => [Secret::ref('vault:rolled')]]);
        $isTaken = static function () use ($verifier): bool {
            try {
                return $verifier->verify(self::BODY, self::HEADERS)->secretIndex() === 0;
            } catch (SignatureException $refusal) {
                self::assertSame('no_match', $refusal->reason);

                return false;
            }
        };

        // Within 5 s forgeries ask no one.
        self::assertSame([false, false, 1], [$isTaken(), $isTaken(), $asked]);
        $secret = self::SECRET;
        Clock::freeze(self::SIGNED_AT_MS);
        Clock::advance(5001);
        self::assertSame([true, 2], [$isTaken(), $asked]);
    }

    public function testSecretThatCannotBeReadGivesNoVerdict(): void
    {
        Secret::resolver('vault', static fn (string $id): ?string => null);
        $verifier = new Verifier('standard-webhooks', ['secrets' => [Secret::ref('vault:gone')]]);
        try {
            $verifier->verify(self::BODY, self::HEADERS);
            self::fail('it was accepted');
        } catch (SignatureException $refusal) {
            self::assertSame('secret_unavailable', $refusal->reason);
            self::assertStringContainsString('vault:gone', $refusal->getMessage());
        }
    }

    public function testGitHubAndStripe(): void
    {
        $github = new Verifier('github', ['secrets' => ["It's a Secret to Everybody"]]);
        $event = $github->verify('Hello, World!', [
            'X-Hub-Signature-256' => 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
            'X-GitHub-Delivery' => '72d3162e-cc78-11e3-81ab-4c9367dc0958',
            'X-GitHub-Event' => 'ping',
        ])->events()[0];
        self::assertSame(['72d3162e-cc78-11e3-81ab-4c9367dc0958', 'ping'], [$event->id(), $event->type()]);

        $body = '{"id":"evt_1","type":"charge.succeeded"}';
        $mac = hash_hmac('sha256', "1614265330.$body", 'whsec_x');
        $stripe = new Verifier('stripe', ['secrets' => ['whsec_x']]);
        $event = $stripe->verify($body, ['Stripe-Signature' => "t=1614265330,v1=$mac"])->events()[0];
        self::assertSame(['evt_1', 'charge.succeeded'], [$event->id(), $event->type()]);
    }

    /** @param array<string, mixed> $options */
    #[DataProvider('badOptions')]
    public function testBadOptionIsNamed(string $scheme, array $options, string $field): void
    {
        try {
            new Verifier($scheme, $options);
            self::fail('it was accepted');
        } catch (OptionsException $refusal) {
            self::assertSame($field, $refusal->field);
            self::assertStringNotContainsString('MfKQ9r8GKYqr', $refusal->getMessage());
        }
    }

    /** @return iterable<string, array{string, array<string, mixed>, string}> */
    public static function badOptions(): iterable
    {
        yield 'scheme' => ['standard', ['secrets' => [self::SECRET]], 'scheme'];
        yield 'no secret' => ['github', [], 'secrets'];
        yield 'empty secret' => ['github', ['secrets' => ['']], 'secrets.0'];
        yield 'secret that does not decode' => ['standard-webhooks', ['secrets' => [self::SECRET, 'whsec_%']], 'secrets.1'];
        yield 'time where none is signed' => ['github', ['secrets' => ['x'], 'tolerance_s' => 300], 'tolerance_s'];
        yield 'unknown' => ['stripe', ['secrets' => ['x'], 'tolerance' => 300], 'tolerance'];
    }

    public function testDumpShowsNoSecret(): void
    {
        self::assertStringNotContainsString('MfKQ9r8GKYqr', print_r(self::verifier(), true));
    }

    private static function verifier(): Verifier
    {
        return new Verifier('standard-webhooks', ['secrets' => [self::SECRET]]);
    }
}
