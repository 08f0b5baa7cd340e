<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Tests\Support\ChildScript;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/** exit() inside a callback ends the program as it does anywhere else. */
final class ExitTest extends TestCase
{
    private const PREPARED = <<<'PHP'
        register_shutdown_function(static fn () => print 'shut down');
        $store = new Causeway\Store\SqliteStore(':memory:');
        $ledger = new Causeway\Ledger($store);
        PHP;

    /** @return iterable<string, array{string}> */
    public static function callbacks(): iterable
    {
        yield 'handler of the ledger' => [<<<'PHP'
            $ledger->run('s', '1', 'x', static fn () => exit(7));
            PHP];
        yield 'handler inside another call of ours' => [<<<'PHP'
            $ledger->run('s', '1', 'x', static fn () => $ledger->run('s', '2', 'x', static fn () => exit(7)));
            PHP];
        yield 'resolver of a secret' => [<<<'PHP'
            Causeway\Secret::resolver('vault', static fn () => exit(7));
            $verifier = new Causeway\Webhook\Verifier('github', ['secrets' => [Causeway\Secret::ref('vault:x')]]);
            $verifier->verify('x', ['X-Hub-Signature-256' => 'sha256=' . str_repeat('0', 64)]);
            PHP];
        yield 'what encodes itself as JSON' => [<<<'PHP'
            $self = new class implements JsonSerializable { public function jsonSerialize(): mixed { exit(7); } };
            (new Causeway\Client('c', ['base_uri' => 'http://127.0.0.1:9/']))->post('x', ['json' => $self]);
            PHP];
    }

    #[DataProvider('callbacks')]
    public function testExitEndsTheProgramWithItsStatus(string $code): void
    {
        [$status, $output] = ChildScript::run(self::PREPARED . "\n" . $code . "\nprint 'went on';");

        self::assertSame([7, 'shut down'], [$status, $output]);
    }
}
