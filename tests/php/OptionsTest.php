<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CausewayException;
use Causeway\Exception\OptionsException;
use Causeway\Secret;
use Causeway\Snapshots;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
final class OptionsTest extends TestCase
{
    private const GOOD = ['base_uri' => 'https://vendor.example/'];

    /** @param array<string, mixed> $options */
    #[DataProvider('badOptions')]
    public function testBadOptionIsNamedWithWhatIsAllowed(string $field, string $allowed, array $options): void
    {
        try {
            new Client('catalog', $options + self::GOOD);
            self::fail('it was accepted');
        } catch (OptionsException $refusal) {
            self::assertSame($field, $refusal->field);
            self::assertStringStartsWith('catalog: ', $refusal->getMessage());
            self::assertStringContainsString($field, $refusal->getMessage());
            self::assertStringContainsString($allowed, $refusal->getMessage());
            self::assertInstanceOf(CausewayException::class, $refusal);
            self::assertInstanceOf(\InvalidArgumentException::class, $refusal);
        }
    }

    /** @return iterable<string, array{string, string, array<string, mixed>}> */
    public static function badOptions(): iterable
    {
        yield 'wrong type' => ['retry.max_attempts', 'integer from 1 to', ['retry' => ['max_attempts' => 'four']]];
        yield 'number as text' => ['timeouts.total_ms', 'integer from', ['timeouts' => ['total_ms' => '8000']]];
        yield 'out of range' => ['retry.budget.ratio', 'number from 0 to 1', ['retry' => ['budget' => ['ratio' => 1.5]]]];
        yield 'unknown, with the known ones' => ['retry.attempts', 'max_attempts', ['retry' => ['attempts' => 4]]];
        yield 'unknown at the top' => ['base_url', 'base_uri', ['base_url' => 'https://vendor.example/']];
        yield 'no address' => ['base_uri', 'http', ['base_uri' => 'vendor.example']];
        yield 'scheme of the address' => ['base_uri', 'http', ['base_uri' => 'file:///etc/passwd']];
        yield 'impossible combination' => ['retry.max_delay_ms', '', ['retry' => ['base_delay_ms' => 500, 'max_delay_ms' => 100]]];
        yield 'auth type' => ['auth.type', 'oauth2_client_credentials', ['auth' => ['type' => 'oauth']]];
        yield 'resource without a path' => ['resources.product.path', '{id}', ['resources' => ['product' => ['fresh_s' => 5]]]];
    }

    public function testGoodOptionsAreTaken(): void
    {
        $client = new Client('catalog', self::GOOD + [
            'timeouts' => ['connect_ms' => 500, 'attempt_ms' => 2000, 'total_ms' => 8000],
            'retry' => ['max_attempts' => 4, 'base_delay_ms' => 100, 'max_delay_ms' => 5000, 'budget' => ['ratio' => 0.2, 'min_per_second' => 1]],
            'breaker' => ['failure_rate' => 0.5, 'min_calls' => 20, 'window_s' => 30, 'open_ms' => 5000, 'probes' => 3],
            'resources' => ['product' => ['path' => 'products/{id}', 'fresh_s' => 300, 'cache_tags' => ['catalog:product:{id}']]],
        ]);

        self::assertSame('catalog', $client->name());
    }

    public function testMessageShowsNoSecret(): void
    {
        $auth = [
            'type' => 'oauth2_client_credentials',
            'token_uri' => 'https://id.vendor.example/token',
            'client_id' => 'id',
            'client_secret' => 'hunter2-hunter2',
            'scopes' => 'products.read',
        ];
        try {
            new Client('catalog', ['auth' => $auth] + self::GOOD);
            self::fail('it was accepted');
        } catch (OptionsException $refusal) {
            self::assertSame('auth.scopes', $refusal->field);
            self::assertStringNotContainsString('hunter2', $refusal->getMessage());
        }
    }

    public function testSecretShowsNeitherValueNorAnythingToDump(): void
    {
        self::assertStringNotContainsString('HOME', print_r(Secret::ref('env:HOME'), true));
        $this->expectException(OptionsException::class);
        Secret::ref('no reference');
    }

    public function testWhatNeedsAStoreSaysSo(): void
    {
        $this->expectException(OptionsException::class);
        $this->expectExceptionMessageMatches('~store~');
        new Snapshots(new Client('catalog', self::GOOD));
    }
}
