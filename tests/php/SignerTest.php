<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\OptionsException;
use Causeway\Exception\SignatureException;
use Causeway\Secret;
use Causeway\Tests\Support\FrozenClock;
use Causeway\Webhook\Signer;
use Causeway\Webhook\Verifier;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Signer::class)]
final class SignerTest extends TestCase
{
    use FrozenClock;

    private const NEW = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const OLD = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
    private const BODY = '{"id":"evt_1","type":"invoice.paid"}';
    private const URL = 'https://receiver.example/hook';

    /**
     * @param \Closure(list<string>): array<string, mixed> $options
     */
    #[DataProvider('styles')]
    public function testReceiverTakesWhatIsSignedUnderTheOldOrTheNewSecret(string $scheme, \Closure $options): void
    {
        $headers = (new Signer($scheme, $options([self::NEW, self::OLD])))->sign(self::BODY, url: self::URL);

        foreach ([self::NEW, self::OLD] as $secret) {
            $verifier = new Verifier($scheme, $options([$secret]));
            self::assertCount(1, $verifier->verify(self::BODY, $headers, url: self::URL)->events());
        }
    }

    /** @return iterable<string, array{string, \Closure}> */
    public static function styles(): iterable
    {
        $plain = static fn (array $secrets): array => ['secrets' => $secrets];
        yield 'Standard Webhooks' => ['standard-webhooks', $plain];
        yield 'Stripe' => ['stripe', $plain];
        yield 'any HMAC' => ['hmac', static fn (array $secrets): array => [
            'secrets' => $secrets, 'header' => 'X-Sig', 'template' => '{timestamp}.{url}.{body}',
            'timestamp_header' => 'X-Time', 'separator' => ' ',
        ]];
        yield 'RFC 9421' => ['rfc9421', static fn (array $secrets): array => [
            'keys' => array_map(static fn (string $secret): array => [
                'algorithm' => 'hmac-sha256', 'keyid' => substr($secret, 6, 4), 'secret' => $secret,
            ], $secrets),
        ]];
    }

    public function testGitHubStyleHasRoomForOneSecret(): void
    {
        $headers = (new Signer('github', ['secrets' => [self::NEW]]))->sign(self::BODY, 'delivery-1');

        $receiver = new Verifier('github', ['secrets' => [self::OLD, self::NEW]]);
        $delivery = $receiver->verify(self::BODY, $headers);
        self::assertSame(['delivery-1', 1], [$delivery->events()[0]->id(), $delivery->secretIndex()]);

        $this->expectException(OptionsException::class);
        new Signer('github', ['secrets' => [self::NEW, self::OLD]]);
    }

    public function testIdIsKeptForRepeats(): void
    {
        $signer = new Signer('standard-webhooks', ['secrets' => [self::NEW]]);

        self::assertSame('msg_1', $signer->sign(self::BODY, 'msg_1')['webhook-id']);
        self::assertNotSame($signer->sign(self::BODY)['webhook-id'], $signer->sign(self::BODY)['webhook-id']);

        $this->expectException(SignatureException::class);
        $signer->sign(self::BODY, 'msg.1');
    }

    public function testSecretByReferenceIsReadAtEachUse(): void
    {
        $secret = self::OLD;
        Secret::resolver('vault', static function () use (&$secret): string {
            return $secret;
        });
        $signer = new Signer('standard-webhooks', ['secrets' => [Secret::ref('vault:hook')]]);

        $headers = $signer->sign(self::BODY);

        self::assertCount(1, (new Verifier('standard-webhooks', ['secrets' => [self::OLD]]))->verify(self::BODY, $headers)->events());
        self::assertStringNotContainsString('C2FVsBQ', print_r($signer, true));
    }
}
