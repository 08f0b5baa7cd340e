<?php

declare(strict_types=1);

namespace Causeway\Tests\Testing;

use Causeway\Client;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StrayRequestException;
use Causeway\Testing\Fake;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\ScriptedVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Fake::class)]
final class RecordingTest extends TestCase
{
    use AssertThrows;
    use TemporaryFiles;

    private const REDACT = ['redact' => ['json' => ['iban'], 'headers' => ['X-Tenant']]];

    private ScriptedVendor $vendor;

    private string $file;

    protected function setUp(): void
    {
        $this->vendor = new ScriptedVendor(sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(8)));
        $this->file = $this->path('recording.json');
    }

    protected function tearDown(): void
    {
        Fake::start()->stop();
        $this->vendor->stop();
    }

    public function testWhatWasRecordedIsPlayedWithoutTheVendor(): void
    {
        $token = 'tok-' . bin2hex(random_bytes(8));
        $this->vendor->answer(200, ['access_token' => $token, 'token_type' => 'Bearer', 'expires_in' => 3600]);
        $this->vendor->answer(200, ['id' => 42, 'iban' => 'DE02120300000000202051', 'next' => "http://x.example/?t=$token"], ['ETag' => '"a"']);
        $this->vendor->answer(404, ['error' => 'none'], ['Set-Cookie' => 'sid=a-session-of-ours']);
        $fake = Fake::record($this->file, self::REDACT);
        $recorded = $this->twoCalls();
        $fake->stop();
        self::assertCount(3, $this->vendor->requests());

        $file = (string) file_get_contents($this->file);
        foreach ([$token, 'a secret of the client', 'DE02120300000000202051', 'a-session-of-ours', 'tenant-7'] as $secret) {
            self::assertStringNotContainsString($secret, $file);
        }
        self::assertStringContainsString("\"id\": 42", $file);

        $fake = Fake::replay($this->file, self::REDACT);
        $played = $this->twoCalls();
        self::assertSame(['id' => 42, 'iban' => 'REDACTED', 'next' => 'http://x.example/?t=REDACTED'], $played[0]);
        self::assertSame($recorded[1], $played[1]);
        self::assertSame([], $fake->unused());
        $this->assertThrows(StrayRequestException::class, fn () => $this->client()->get('products/42'));
        self::assertCount(3, $this->vendor->requests());
    }

    public function testAnotherBodyIsAnotherRequest(): void
    {
        $this->vendor->answer(201, ['id' => 1]);
        $client = $this->client(['auth' => null]);
        $fake = Fake::record($this->file);
        $client->post('orders', ['json' => ['sku' => 'a', 'n' => 1]]);
        $fake->stop();

        $fake = Fake::replay($this->file);
        $error = $this->assertThrows(StrayRequestException::class, static fn () => $client->post('orders', ['json' => ['sku' => 'b', 'n' => 1]]));
        self::assertStringContainsString('record', $error->getMessage());
        self::assertCount(1, $fake->unused());
        self::assertSame(['id' => 1], $client->post('orders', ['json' => ['sku' => 'a', 'n' => 1]])->json());
    }

    public function testRulesComeBeforeTheRecording(): void
    {
        $this->vendor->answer(200, ['of' => 'the vendor']);
        $fake = Fake::record($this->file);
        $fake->on('catalog', 'GET', 'scripted')->respond(200, ['of' => 'a rule']);
        $client = $this->client(['auth' => null]);
        self::assertSame([['of' => 'a rule'], ['of' => 'the vendor']], [$client->get('scripted')->json(), $client->get('x')->json()]);
        $fake->stop();
        self::assertStringNotContainsString('a rule', (string) file_get_contents($this->file));
    }

    public function testConnectionThatMayPassGoesToItsVendor(): void
    {
        $this->vendor->answer(200, ['of' => 'the vendor']);
        $fake = Fake::start(['catalog']);
        $client = $this->client(['auth' => null]);
        self::assertSame(['of' => 'the vendor'], $client->get('x')->json());
        self::assertSame([200, []], [$fake->sent()[0]->status(), $fake->strays()]);
    }

    public function testFileThatIsNoRecordingAndUnknownOptions(): void
    {
        file_put_contents($this->file, '{"causeway_fixture": 9, "exchanges": []}');
        $this->assertThrows(OptionsException::class, fn () => Fake::replay($this->file));
        $this->assertThrows(OptionsException::class, fn () => Fake::record($this->file, ['redakt' => []]));
    }

    /** @return list<array<string, mixed>> */
    private function twoCalls(): array
    {
        $client = $this->client();

        return [
            $client->get('products/42', ['headers' => ['X-Tenant' => 'tenant-7']])->json(),
            $client->get('products/43', ['throw_on_error' => false])->json(),
        ];
    }

    /** @param array<string, mixed> $options */
    private function client(array $options = []): Client
    {
        $options += [
            'namespace' => 'recording',
            'base_uri' => $this->vendor->baseUri,
            'address' => ['allow_private' => true],
            'retry' => ['max_attempts' => 1],
            'auth' => ['type' => 'oauth2_client_credentials', 'token_uri' => $this->vendor->baseUri . 'token', 'client_id' => 'shop', 'client_secret' => 'a secret of the client'],
        ];

        return new Client('catalog', array_filter($options, static fn (mixed $option): bool => $option !== null));
    }
}
