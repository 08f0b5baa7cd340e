<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Exception\OptionsException;
use Causeway\Exception\SignatureException;
use Causeway\Testing\Clock;
use Causeway\Tests\Support\VendorSigners;
use Causeway\Webhook\Delivery;
use Causeway\Webhook\Verifier;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * README.md's table of schemes: each line of configuration is taken as it stands there, and its
 * words about what is signed and about the window are held to.
 */
#[CoversClass(Verifier::class)]
final class ReadmeSchemesTest extends TestCase
{
    private const YEAR_S = 31_536_000;
    private static ?VendorSigners $signers = null;
    /** The signed second; certificates that are made now are valid then. */
    private int $now;

    protected function setUp(): void
    {
        $this->now = time() + 60;
        Clock::freeze($this->now * 1000);
    }

    protected function tearDown(): void
    {
        Clock::thaw();
    }

    #[DataProvider('rows')]
    public function testLineOfConfigurationTakesTheVendorsDelivery(string $row, string $code): void
    {
        $delivery = $this->verify($row, $code);
        self::assertStringStartsWith("'" . $delivery->scheme() . "'", $code);
        self::assertCount(1, $delivery->events());
        self::assertNotSame('', $delivery->events()[0]->id());
    }

    #[DataProvider('rows')]
    public function testWhatIsSaidToBeSignedIsSigned(string $row, string $code, string $signed): void
    {
        $change = static fn (string $body): string => str_replace(['"x":1', 'x=1', '\"x\":1', '"ref"'], ['"x":2', 'x=2', '\"x\":2', '"fer"'], $body);
        if (str_contains($signed, '**not** the body')) {
            self::assertCount(1, $this->verify($row, $code, $change)->events());

            return;
        }
        try {
            $this->verify($row, $code, $change);
            self::fail("$row: a changed body was taken");
        } catch (SignatureException $refusal) {
            // Neither a secret nor a signature, the expected one included, is as short.
            self::assertDoesNotMatchRegularExpression('~[A-Za-z0-9+/=_-]{20,}~', $refusal->getMessage());
        }
    }

    #[DataProvider('rows')]
    public function testSecretThatMatchedIsTold(string $row, string $code): void
    {
        [$scheme, $options] = self::configuration($code);
        if (!isset($options['secrets'])) {
            self::assertSame(0, $this->verify($row, $code)->secretIndex());

            return;
        }
        $secret = $options['secrets'][0];
        $isHex = ctype_xdigit($secret);
        $other = $isHex ? '5' . substr($secret, 1) : str_replace(['MfKQ', ' '], ['NfKQ', '_'], $secret);
        self::assertNotSame($secret, $other);
        $options['secrets'] = [$other, $secret];
        self::assertSame(1, $this->verifyWith($row, $scheme, $options)->secretIndex());
    }

    #[DataProvider('rows')]
    public function testEmptyOrUndecodableKeyIsAnErrorOfConfiguration(string $row, string $code): void
    {
        [$scheme, $options] = self::configuration($code);
        $refused = 0;
        foreach (['secrets', 'public_keys', 'public_key_hex', 'keys', 'webhook_id', 'topic_arns'] as $name) {
            foreach (['', '%'] as $bad) {
                $isText = \in_array($name, ['webhook_id', 'topic_arns'], true)
                    || ($name === 'secrets' && !\in_array($scheme, ['standard-webhooks', 'svix', 'adyen'], true));
                if (!isset($options[$name]) || ($bad !== '' && $isText)) {
                    continue;
                }
                $value = match (true) {
                    $name === 'keys' => [['public_key' => $bad] + $options['keys'][0]],
                    \is_array($options[$name]) => [$bad],
                    default => $bad,
                };
                try {
                    new Verifier($scheme, [$name => $value] + $options);
                    self::fail("$row: $name was taken");
                } catch (OptionsException $refusal) {
                    self::assertStringStartsWith($name, (string) $refusal->field);
                    ++$refused;
                }
            }
        }
        self::assertGreaterThan(0, $refused);
    }

    #[DataProvider('rows')]
    public function testWindowIsAsWideAsItIsSaidBothWays(string $row, string $code, string $signed, string $window): void
    {
        if (preg_match('~^±(\d+) s~', $window, $match) !== 1) {
            self::assertMatchesRegularExpression('~^(none|where `tolerance_s` is set)~', $window);
            Clock::freeze(($this->now + self::YEAR_S) * 1000);
            self::assertCount(1, $this->verify($row, $code)->events());

            return;
        }
        foreach ([1, -1] as $way) {
            Clock::freeze(($this->now + $way * (int) $match[1]) * 1000);
            self::assertCount(1, $this->verify($row, $code)->events());
            Clock::freeze(($this->now + $way * ((int) $match[1] + 1)) * 1000);
            try {
                $this->verify($row, $code);
                self::fail("$row: it was taken outside its window");
            } catch (SignatureException $refusal) {
                self::assertSame($way > 0 ? 'timestamp_too_old' : 'timestamp_in_future', $refusal->reason);
            }
        }
    }

    public function testTheTableHasEveryScheme(): void
    {
        $named = [];
        foreach (self::rows() as [, $code]) {
            $named[] = explode("'", $code)[1];
        }
        try {
            new Verifier('no such scheme', []);
            self::fail('it was taken');
        } catch (OptionsException $refusal) {
            self::assertSame('scheme', $refusal->field);
            preg_match_all("~'([a-z0-9-]+)'~", strstr($refusal->getMessage(), 'one of ') ?: '', $known);
        }
        self::assertEqualsCanonicalizing($known[1], array_values(array_unique($named)));
    }

    /** @return iterable<string, array{string, string, string, string}> */
    public static function rows(): iterable
    {
        $text = (string) file_get_contents(\dirname(__DIR__, 2) . '/README.md');
        self::assertSame(1, preg_match('~\n\| scheme \| options \| signed \| window \|\n\|[-|]+\n((?:\|.*\n)+)~', $text, $table));
        foreach (explode("\n", trim($table[1])) as $line) {
            [, $row, $options, $signed, $window] = array_map(trim(...), explode('|', $line));
            self::assertSame(1, preg_match('~^`([^`]+)`~', $options, $code), $line);
            yield $row => [$row, $code[1], $signed, $window];
        }
    }

    /** @param (\Closure(string): string)|null $change */
    private function verify(string $row, string $code, ?\Closure $change = null): Delivery
    {
        return $this->verifyWith($row, ...self::configuration($code), change: $change);
    }

    /** @return array{string, array<string, mixed>} */
    private static function configuration(string $code): array
    {
        self::$signers ??= new VendorSigners();

        return eval('return [' . strtr($code, self::$signers->keys()) . '];');
    }

    /**
     * @param array<string, mixed> $options
     * @param (\Closure(string): string)|null $change
     */
    private function verifyWith(string $row, string $scheme, array $options, ?\Closure $change = null): Delivery
    {
        $signers = self::$signers ??= new VendorSigners();
        $sent = $signers->sign($row, $this->now);
        $body = $change === null ? $sent['body'] : $change($sent['body']);
        if ($change !== null) {
            self::assertNotSame($sent['body'], $body, "$row: nothing was changed");
        }
        $pem = $sent['pem'] ?? null;

        return (new Verifier($scheme, $options))->verify($body, $sent['headers'], 'POST', VendorSigners::URL, $pem === null ? null : static fn (): string => $pem);
    }
}
