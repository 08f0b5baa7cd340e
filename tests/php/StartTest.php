<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Exception\TimeoutException;
use Causeway\PendingCall;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use Causeway\Tests\Support\ChildScript;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
#[CoversClass(PendingCall::class)]
final class StartTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;

    public function testCallRunsWhilePhpGoesOn(): void
    {
        $client = self::client();
        $start = hrtime(true);
        $pending = array_map(static fn (int $n): PendingCall => $client->start('GET', "wait?ms=200&n=$n"), range(1, 5));
        self::assertLessThan(150, (hrtime(true) - $start) / 1e6);
        self::assertFalse($pending[4]->isDone());
        self::assertSame(range(1, 5), array_map(static fn (PendingCall $call): int => $call->wait()->json()['n'], $pending));
        self::assertLessThan(600, (hrtime(true) - $start) / 1e6);
        self::assertTrue($pending[0]->isDone());
        self::assertSame(1, $pending[0]->wait()->json()['n']);
    }

    public function testContentsThatAreStringsAreSent(): void
    {
        $client = self::client();
        self::assertSame(base64_encode('{"a":1}'), $client->start('POST', 'upload', ['json' => ['a' => 1]])->wait()->json()['start']);
        self::assertStringContainsString('name="a"', base64_decode($client->start('POST', 'upload', ['multipart' => ['a' => 'b']])->wait()->json()['start']));
    }

    public function testWaitHasABound(): void
    {
        $pending = self::client()->start('GET', 'wait?ms=300&n=1');
        $error = $this->assertThrows(TimeoutException::class, static fn () => $pending->wait(20));
        self::assertSame(['media', 'maybe'], [$error->connection, $error->sent]);
        self::assertSame(1, $pending->wait(5000)->json()['n']);
    }

    public function testFailureIsThrownByWait(): void
    {
        $client = self::client();
        $pending = $client->start('GET', 'bytes?n=3&status=404');
        self::assertSame(404, $this->assertThrows(StatusException::class, static fn () => $pending->wait())->status);
        self::assertSame(404, $client->start('GET', 'bytes?n=3&status=404', ['throw_on_error' => false])->wait()->getStatusCode());
    }

    public function testCancelledCallIsGivenUp(): void
    {
        $pending = self::client()->start('GET', 'wait?ms=3000&n=1');
        $pending->cancel();
        $start = hrtime(true);
        $this->assertThrows(CallException::class, static fn () => $pending->wait());
        self::assertLessThan(1000, (hrtime(true) - $start) / 1e6);
    }

    public function testWhatCannotRunInTheBackgroundIsRefusedByName(): void
    {
        $client = self::client();
        foreach (['stream' => ['stream' => true], 'sink' => ['sink' => 'x'], 'body' => ['body' => new \ArrayIterator(['x'])]] as $field => $options) {
            $error = $this->assertThrows(OptionsException::class, static fn () => $client->start('POST', 'upload', $options));
            self::assertSame($field, $error->field);
            self::assertStringContainsString('start()', $error->getMessage());
        }
    }

    public function testWhatIsNotWaitedForIsFinishedOrReported(): void
    {
        $prepared = sprintf('$client = new Causeway\Client("media", ["base_uri" => %s, "address" => ["allow_private" => true], "timeouts" => ["attempt_ms" => 9000, "total_ms" => 9000]]);', var_export(self::$vendor->baseUri, true));
        self::assertSame([0, 'done'], ChildScript::run("$prepared \$call = \$client->start('GET', 'wait?ms=300&n=1'); print 'done';"));

        $start = hrtime(true);
        [$status, $output] = ChildScript::run("$prepared ini_set('log_errors', '1'); \$call = \$client->start('GET', 'wait?ms=8000&n=1'); print 'done';");
        self::assertSame(0, $status);
        self::assertStringContainsString('causeway: media: a call started in the background was given up', $output);
        self::assertLessThan(4000, (hrtime(true) - $start) / 1e6);
    }
}
