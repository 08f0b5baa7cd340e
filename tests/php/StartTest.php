<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Exception\TimeoutException;
use Causeway\PendingCall;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use Causeway\Tests\Support\ChildScript;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
#[CoversClass(PendingCall::class)]
final class StartTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;
    use TemporaryFiles;

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

    public function testContentsThatPhpStreamsAreReadBeforeItBegins(): void
    {
        $client = self::client();
        file_put_contents($this->path('sent'), 'one two');
        $stream = fopen($this->path('sent'), 'rb');
        self::assertNotFalse($stream);
        $generator = (static fn (): \Generator => yield from ['one ', 'two'])();
        foreach ([['body' => $stream], ['body' => $generator], ['file' => $this->path('sent')]] as $content) {
            // A second attempt sends it again, also what a generator gave once.
            $pending = $client->start('PUT', 'upload/flaky?id=' . bin2hex(random_bytes(8)), $content);
            $response = $pending->wait();
            self::assertSame([2, 'one two'], [$response->attempts(), base64_decode($response->json()['start'])]);
        }
        $form = $client->start('POST', 'upload', ['multipart' => [['name' => 'a', 'content' => new \ArrayIterator(['one ', 'two'])]]]);
        self::assertStringContainsString("\r\n\r\none two\r\n", base64_decode($form->wait()->json()['start']));
    }

    public function testContentIsHeldUpToTheConnectionsCap(): void
    {
        $client = self::client(['body_cap_bytes' => 4096]);
        $piece = str_repeat('x', 1024);
        self::assertSame(4096, $client->start('POST', 'upload', ['body' => new \ArrayIterator(array_fill(0, 4, $piece)), 'body_cap_bytes' => 1 << 20])->wait()->json()['length']);
        $read = 0;
        $endless = (static function () use ($piece, &$read): \Generator {
            for (; true; $read++) {
                yield $piece;
            }
        })();
        file_put_contents($this->path('large'), str_repeat('x', 4097));
        foreach (['body' => $endless, 'file' => $this->path('large')] as $field => $content) {
            $error = $this->assertThrows(OptionsException::class, static fn () => $client->start('POST', 'upload', [$field => $content]));
            self::assertSame($field, $error->field);
            self::assertStringContainsString('at most 4096 bytes (body_cap_bytes) in start()', $error->getMessage());
        }
        self::assertSame(4, $read);
    }

    public function testWhatTheContentThrowsIsThrown(): void
    {
        $broken = (static function (): \Generator {
            yield 'x';
            throw new \DomainException('no more');
        })();
        $this->assertThrows(\DomainException::class, static fn () => self::client()->start('POST', 'upload', ['body' => $broken]));
    }

    public function testAnswerGoesIntoALocalFile(): void
    {
        $n = 20 << 20;
        $client = self::client();
        $before = getcwd();
        self::assertNotFalse($before);
        chdir(dirname($this->path('sunk')));
        $pending = $client->start('GET', "bytes?n=$n", ['sink' => 'sunk']);
        chdir($before);
        $empty = $client->start('GET', 'bytes?n=0', ['sink' => 'file://' . $this->path('empty')]);
        $response = $pending->wait();
        self::assertSame([200, $n], [$response->getStatusCode(), $response->getBody()->getSize()]);
        self::assertSame(hash('sha256', str_repeat('x', $n)), hash_file('sha256', $this->path('sunk')));
        self::assertStringContainsString('went into the sink', $this->assertThrows(CallException::class, static fn () => $response->text())->getMessage());
        self::assertSame([0, ''], [$empty->wait()->getBody()->getSize(), file_get_contents($this->path('empty'))]);
    }

    public function testFileThatIsNotWholeIsRemoved(): void
    {
        $client = self::client();
        $half = $client->start('GET', 'half?n=100000', ['sink' => $this->path('half')]);
        $error = $this->assertThrows(NetworkException::class, static fn () => $half->wait());
        // Once a part was written there is no second attempt.
        self::assertSame(['yes', 1], [$error->sent, $error->attempts]);
        self::assertFileDoesNotExist($this->path('half'));

        $drip = $client->start('GET', 'drip?ms=5', ['sink' => $this->path('drip')]);
        for ($end = hrtime(true) + 5e9; !file_exists($this->path('drip')) && hrtime(true) < $end;) {
            usleep(1000);
            clearstatcache();
        }
        self::assertFileExists($this->path('drip'));
        $drip->cancel();
        $this->assertThrows(CallException::class, static fn () => $drip->wait());
        self::assertFileDoesNotExist($this->path('drip'));
    }

    public function testErrorsStayInMemoryAndFilesUntouched(): void
    {
        $client = self::client();
        $error = $this->assertThrows(StatusException::class, fn () => $client->start('GET', 'bytes?n=3&status=404', ['sink' => $this->path('none')])->wait());
        self::assertSame('xxx', $error->response->text());
        self::assertSame('xxx', $client->start('GET', 'bytes?n=3&status=404', ['sink' => $this->path('none'), 'throw_on_error' => false])->wait()->text());
        self::assertFileDoesNotExist($this->path('none'));
        $error = $this->assertThrows(CallException::class, fn () => $client->start('GET', 'bytes?n=3', ['sink' => $this->path('no') . '/such/file'])->wait());
        self::assertStringContainsString('the sink cannot be written', $error->getMessage());
    }

    public function testWhatCannotRunInTheBackgroundIsRefusedByName(): void
    {
        $client = self::client();
        foreach (['stream' => [true], 'sink' => ['php://temp', 'public://x', fopen('php://memory', 'w+b')]] as $field => $values) {
            foreach ($values as $value) {
                $error = $this->assertThrows(OptionsException::class, static fn () => $client->start('GET', 'bytes?n=1', [$field => $value]));
                self::assertSame($field, $error->field);
                self::assertStringContainsString('in start(): request()', $error->getMessage());
            }
        }
    }

    public function testOpenBasedirHoldsForFiles(): void
    {
        $allowed = dirname($this->path('x'));
        $code = sprintf('$client = new Causeway\Client("media", ["base_uri" => %s, "address" => ["allow_private" => true]]); ini_set("open_basedir", %s); $client->start("GET", "bytes?n=1", ["sink" => %s])->wait(); try { $client->start("GET", "bytes?n=1", ["sink" => "/proc/self/comm"]); } catch (Causeway\Exception\OptionsException $error) { print $error->field; }', var_export(self::$vendor->baseUri, true), var_export($allowed, true), var_export($this->path('within'), true));
        self::assertSame([0, 'sink'], ChildScript::run($code));
        self::assertSame('x', file_get_contents($this->path('within')));
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
