<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Rig\Scratch;
use Causeway\Rig\Vendor;
use Causeway\Tests\Support\ChildScript;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\Before;
use PHPUnit\Framework\Attributes\CoversNothing;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

require_once \dirname(__DIR__) . '/rig/autoload.php';

/**
 * Handlers of signals run while a call waits. Were our own exception thrown first, PHP would drop
 * the handler: it calls nothing while an exception is under way.
 */
#[CoversNothing]
#[RequiresPhpExtension('pcntl')]
final class SignalTest extends TestCase
{
    /** Long after the signal, and long before the call's timeout. */
    private const ANSWER_AFTER_MS = 400;

    private Scratch $scratch;
    private Vendor $vendor;
    private bool $wasAsync;

    #[Before]
    protected function startVendor(): void
    {
        $this->scratch = new Scratch('signal-test');
        $this->vendor = new Vendor($this->scratch);
        $this->wasAsync = pcntl_async_signals(true);
    }

    #[After]
    protected function restoreSignals(): void
    {
        pcntl_signal(SIGUSR1, SIG_DFL);
        pcntl_async_signals($this->wasAsync);
        $this->vendor->stop();
        unset($this->scratch, $this->vendor);
    }

    /** @return \Generator<string, array{\Closure(Client, string): mixed}> */
    public static function waits(): \Generator
    {
        yield 'a call' => [static fn (Client $client, string $path) => $client->get($path)->getStatusCode()];
        yield 'many calls' => [static fn (Client $client, string $path) => $client->all([$path, "$path?2"])[1]->getStatusCode()];
        yield 'a call in the background' => [static fn (Client $client, string $path) => $client->start('GET', $path)->wait()->getStatusCode()];
    }

    #[DataProvider('waits')]
    public function testHandlerThatReturnsLetsTheCallGoOn(\Closure $wait): void
    {
        $client = $this->client();
        $seen = [];
        pcntl_signal(SIGUSR1, static function () use ($client, &$seen): void {
            $seen[] = $client->get('ok')->getStatusCode();
        });
        $this->signalSoon();

        self::assertSame(200, $wait($client, 'slow/' . self::ANSWER_AFTER_MS));
        self::assertSame([200], $seen);
    }

    #[DataProvider('waits')]
    public function testWhatAHandlerThrowsEndsTheWaitAndComesOutAsItIs(\Closure $wait): void
    {
        $client = $this->client();
        $thrown = new \DomainException('enough');
        pcntl_signal(SIGUSR1, static fn () => throw $thrown);
        $this->signalSoon();
        try {
            $wait($client, 'slow/20000');
            self::fail('nothing was thrown');
        } catch (\DomainException $caught) {
            self::assertSame($thrown, $caught);
        }
        // Nothing is left behind.
        self::assertSame(200, $client->get('ok')->getStatusCode());
    }

    /** @return \Generator<string, array{string}> */
    public static function waitsOfAProgram(): \Generator
    {
        yield 'a call' => ['$client->get("slow/20000");'];
        yield 'many calls' => ['$client->all(["slow/20000", "slow/20001"]);'];
        yield 'a call in the background' => ['$client->start("GET", "slow/20000")->wait();'];
    }

    #[DataProvider('waitsOfAProgram')]
    public function testExitInAHandlerEndsTheProgram(string $wait): void
    {
        [$status, $output] = ChildScript::run(<<<PHP
            register_shutdown_function(static fn () => print 'shut down');
            pcntl_async_signals(true);
            pcntl_signal(SIGUSR1, static fn () => exit(7));
            proc_open(['sh', '-c', 'sleep 0.1; exec kill -USR1 ' . getmypid()], [], \$pipes);
            \$client = new Causeway\Client('catalog', [
                'namespace' => 'signal-exit', 'base_uri' => '{$this->vendor->baseUri}', 'address' => ['allow_private' => true],
                'timeouts' => ['attempt_ms' => 30_000, 'total_ms' => 30_000],
            ]);
            $wait
            print 'went on';
            PHP);

        self::assertSame(7, $status, $output);
        // Behind it may stand that the call in the background was given up.
        self::assertStringStartsWith('shut down', $output);
        self::assertStringNotContainsString('went on', $output);
    }

    private function client(): Client
    {
        return new Client('catalog', [
            'namespace' => bin2hex(random_bytes(8)), 'base_uri' => $this->vendor->baseUri, 'address' => ['allow_private' => true],
            'timeouts' => ['attempt_ms' => 30_000, 'total_ms' => 30_000],
        ]);
    }

    /** From another process, as a supervisor would. */
    private function signalSoon(): void
    {
        $killer = proc_open(['sh', '-c', 'sleep 0.1; exec kill -USR1 ' . getmypid()], [], $pipes);
        self::assertIsResource($killer);
        register_shutdown_function(static fn () => proc_close($killer));
    }
}
