<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Body;
use Causeway\BodyChunks;
use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\LimitException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Exception\TimeoutException;
use Causeway\Response;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use Causeway\Tests\Support\ChildScript;
use Causeway\Tests\Support\SinkWrapper;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
#[CoversClass(Response::class)]
#[CoversClass(Body::class)]
#[CoversClass(BodyChunks::class)]
final class DownloadTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;
    use TemporaryFiles;

    private const MIB = 1 << 20;

    public function testSinkIsAFileOrAStream(): void
    {
        $n = 20 * self::MIB;
        $client = self::client();
        $response = $client->get('bytes', ['query' => ['n' => $n], 'sink' => $this->path('sunk')]);
        self::assertSame([200, $n, hash('sha256', str_repeat('x', $n))], [$response->getStatusCode(), $response->getBody()->getSize(), hash_file('sha256', $this->path('sunk'))]);

        $stream = fopen('php://temp', 'w+b');
        self::assertNotFalse($stream);
        fwrite($stream, 'before ');
        $client->get('bytes', ['query' => ['n' => 5, 'chunked' => 1], 'sink' => $stream]);
        self::assertSame('before xxxxx', stream_get_contents($stream, offset: 0));
    }

    public function testBodyThatWentIntoASinkSaysSo(): void
    {
        $response = self::client()->get('bytes', ['query' => ['n' => 5], 'sink' => $this->path('sunk')]);
        $error = $this->assertThrows(CallException::class, static fn () => $response->text());
        self::assertStringContainsString('went into the sink', $error->getMessage());
    }

    public function testErrorDoesNotGoIntoTheSink(): void
    {
        file_put_contents($this->path('sunk'), 'last good');
        $options = ['query' => ['n' => 5, 'status' => 404], 'sink' => $this->path('sunk')];
        $error = $this->assertThrows(StatusException::class, static fn () => self::client()->get('bytes', $options));
        self::assertSame('xxxxx', $error->response?->text());
        self::assertSame('xxxxx', self::client()->get('bytes', $options + ['throw_on_error' => false])->text());
        self::assertStringEqualsFile($this->path('sunk'), 'last good');
    }

    public function testFileThatStaysIncompleteIsRemoved(): void
    {
        $options = ['query' => ['ms' => 1], 'sink' => $this->path('sunk'), 'body_cap_bytes' => 5];
        $this->assertThrows(LimitException::class, static fn () => self::client()->get('drip', $options));
        self::assertFileDoesNotExist($this->path('sunk'));
    }

    public function testSinkThatCannotBeWrittenIsAnError(): void
    {
        $client = self::client();
        $this->assertThrows(CallException::class, fn () => @$client->get('bytes', ['query' => ['n' => 5], 'sink' => $this->path('no/such/directory')]));
        $readOnly = fopen('php://memory', 'rb');
        $this->assertThrows(CallException::class, static fn () => @$client->get('bytes', ['query' => ['n' => 5], 'sink' => $readOnly]));
        self::assertSame('xxxxx', $client->get('bytes', ['query' => ['n' => 5]])->text());
    }

    public function testBodyThatBreaksOffIsNotWrittenTwice(): void
    {
        $client = self::client();
        $error = $this->assertThrows(NetworkException::class, fn () => $client->get('half?n=1000', ['sink' => $this->path('half')]));
        self::assertSame(['yes', 1], [$error->sent, $error->attempts]);
        self::assertFileDoesNotExist($this->path('half'));
        // In memory nothing was handed out: it is tried again.
        self::assertSame(2, $this->assertThrows(NetworkException::class, static fn () => $client->get('half?n=1000'))->attempts);
    }

    public function testSinkOfAProgramsOwnKind(): void
    {
        stream_wrapper_register('sinks', SinkWrapper::class);
        try {
            SinkWrapper::$onWrite = static fn (): mixed => \Fiber::suspend();
            $client = self::client();
            $fiber = new \Fiber(static fn (): array => $client->all([['GET', 'bytes?n=200000', ['sink' => 'sinks://a']], 'wait?ms=1&n=1']));
            for ($fiber->start(); !$fiber->isTerminated(); $fiber->resume()) {
                self::assertSame('xxxxx', $client->get('bytes?n=5')->text());
            }
            self::assertSame(200_000, SinkWrapper::$written);

            $thrown = new \DomainException('full');
            SinkWrapper::$onWrite = static fn (): never => throw $thrown;
            self::assertSame($thrown, $this->assertThrows(\DomainException::class, static fn () => $client->get('bytes?n=5', ['sink' => 'sinks://b'])));
            self::assertSame([$thrown], $client->all([['GET', 'bytes?n=5', ['sink' => 'sinks://c']]]));
        } finally {
            stream_wrapper_unregister('sinks');
        }
    }

    public function testStreamedBodyIsReadInPieces(): void
    {
        $body = self::client()->get('bytes', ['query' => ['n' => 100_000], 'stream' => true])->getBody();
        self::assertSame([100_000, 0, false], [$body->getSize(), $body->tell(), $body->eof()]);
        self::assertSame('xxx', $body->read(3));
        self::assertSame([3, ''], [$body->tell(), $body->read(0)]);
        self::assertSame(str_repeat('x', 99_997), $body->getContents());
        self::assertSame(['', true, 100_000], [$body->read(10), $body->eof(), $body->tell()]);
    }

    public function testStreamedBodyAsAWhole(): void
    {
        $get = static fn (): Response => self::client()->get('wait', ['query' => ['ms' => 0, 'n' => 7], 'stream' => true]);
        self::assertSame(7, $get()->json()['n']);
        $response = $get();
        self::assertSame(['{"n":7}', '{"n":7}', '{"n":7}'], [(string) $response->getBody(), $response->text(), (string) $response->getBody()]);
        self::assertSame('', $response->getBody()->read(100));

        $response = $get();
        $response->getBody()->read(1);
        $error = $this->assertThrows(CallException::class, static fn () => $response->text());
        self::assertStringContainsString('was read already', $error->getMessage());
    }

    public function testBodyInMemoryIsReadTheSameWay(): void
    {
        $response = self::client()->get('bytes', ['query' => ['n' => 10]]);
        $body = $response->getBody();
        self::assertSame([10, 'xxxx', 'xxxxxx', true], [$body->getSize(), $body->read(4), $body->getContents(), $body->eof()]);
        self::assertSame([str_repeat('x', 10), str_repeat('x', 10)], [(string) $body, $response->text()]);
        self::assertSame('', $response->getBody()->read(1));
    }

    public function testChunksAreAnIterator(): void
    {
        $n = 3 * self::MIB;
        $body = self::client()->get('bytes', ['query' => ['n' => $n, 'chunked' => 1], 'stream' => true])->getBody();
        self::assertNull($body->getSize());
        $length = 0;
        foreach ($body->chunks() as $number => $chunk) {
            self::assertNotSame('', $chunk);
            $length += strlen($chunk);
        }
        self::assertSame([$n, true], [$length, ($number ?? 0) > 1]);
    }

    public function testSaveToWritesWhatIsLeft(): void
    {
        $body = self::client()->get('bytes', ['query' => ['n' => 100], 'stream' => true])->getBody();
        $body->read(40);
        self::assertSame(60, $body->saveTo($this->path('rest')));
        self::assertSame(60, filesize($this->path('rest')));
    }

    public function testStreamedErrorIsThrownWithItsBody(): void
    {
        $options = ['query' => ['n' => 5, 'status' => 500], 'stream' => true];
        $error = $this->assertThrows(StatusException::class, static fn () => self::client()->get('bytes', $options));
        self::assertSame([500, 'xxxxx', 2], [$error->status, $error->response?->text(), $error->attempts]);
        self::assertSame('xxxxx', self::client()->get('bytes', $options + ['throw_on_error' => false])->getBody()->getContents());
    }

    public function testReadingIsStoppedByADestructorOfTheResponse(): void
    {
        $client = self::client();
        for ($call = 0; $call < 20; $call++) {
            $client->get('endless/body', ['stream' => true])->getBody()->read(1);
        }
        self::assertSame('xxxxx', $client->get('bytes', ['query' => ['n' => 5]])->text());
    }

    public function testForkedChildTakesNothingOfItsParentsBody(): void
    {
        $code = sprintf(<<<'PHP'
            $client = new Causeway\Client('media', ['base_uri' => %s, 'address' => ['allow_private' => true]]);
            $body = $client->get('bytes?n=3000000', ['stream' => true])->getBody();
            $read = strlen($body->read(10));
            if (($child = pcntl_fork()) === 0) {
                try {
                    while ($body->read(1 << 20) !== '') {
                    }
                } catch (Causeway\Exception\CallException $error) {
                    print substr(strrchr($error::class, '\\'), 1) . ' ';
                }
                unset($body);
                exit;
            }
            pcntl_waitpid($child, $status);
            foreach ($body->chunks() as $chunk) {
                $read += strlen($chunk);
            }
            print "$status $read";
            PHP, var_export(self::$vendor->baseUri, true));

        self::assertSame([0, 'InterruptedException 0 3000000'], ChildScript::run($code));
    }

    public function testFiberThatReadsIsNotDisturbed(): void
    {
        $client = self::client();
        $body = $client->get('bytes', ['query' => ['n' => self::MIB], 'stream' => true])->getBody();
        $fiber = new \Fiber(static function () use ($body): int {
            $length = 0;
            foreach ($body->chunks() as $chunk) {
                $length += strlen($chunk);
                \Fiber::suspend();
            }

            return $length;
        });
        for ($fiber->start(); !$fiber->isTerminated(); $fiber->resume()) {
            self::assertSame(1, $client->get('wait', ['query' => ['ms' => 0, 'n' => 1]])->json()['n']);
        }
        self::assertSame(self::MIB, $fiber->getReturn());
    }

    /** @return iterable<string, array{string, array<string, mixed>, class-string<CallException>, string}> */
    public static function withoutEnd(): iterable
    {
        yield 'head' => ['endless/head', [], LimitException::class, 'head'];
        yield 'body in memory' => ['endless/body', [], LimitException::class, 'larger than 1048576 bytes'];
        yield 'body with its length' => ['bytes?n=1048577', [], LimitException::class, 'larger than 1048576 bytes'];
        yield "the call's own cap" => ['endless/body', ['body_cap_bytes' => 2000], LimitException::class, 'larger than 2000 bytes'];
        yield 'drip within the attempt' => ['drip?ms=20', ['timeouts' => ['attempt_ms' => 300, 'total_ms' => 300]], TimeoutException::class, ''];
        yield 'bomb by size' => ['coded/gzip?n=104857600', [], LimitException::class, 'the decoded body is larger than 1048576 bytes'];
        yield 'bomb by ratio' => ['coded/gzip?n=104857600', ['body_cap_bytes' => 1 << 30], LimitException::class, 'more than 200 times as large as its gzip'];
    }

    /**
     * @param array<string, mixed> $options
     * @param class-string<CallException> $class
     */
    #[DataProvider('withoutEnd')]
    public function testWhatHasNoEndIsStoppedAtItsCap(string $uri, array $options, string $class, string $message): void
    {
        $client = self::client(['body_cap_bytes' => self::MIB, 'retry' => ['max_attempts' => 1]]);
        $before = self::peakMemory();
        $error = $this->assertThrows($class, static fn () => $client->get($uri, $options));
        self::assertSame('yes', $error->sent === 'maybe' && $class === TimeoutException::class ? 'yes' : $error->sent);
        self::assertStringContainsString($message, $error->getMessage());
        self::assertLessThan(16 * self::MIB, self::peakMemory() - $before);
    }

    /** @return iterable<string, array{string, array<string, mixed>, class-string<\Throwable>}> */
    public static function streamedWithoutEnd(): iterable
    {
        yield 'body' => ['endless/body', ['body_cap_bytes' => self::MIB], LimitException::class];
        yield 'drip' => ['drip?ms=20', ['timeouts' => ['total_ms' => 300]], TimeoutException::class];
        yield 'bomb' => ['coded/gzip?n=104857600', [], LimitException::class];
        yield 'contents in memory, in one piece' => ['bytes?n=1048577', [], LimitException::class];
        yield 'contents in memory' => ['bytes?n=2097152', [], LimitException::class];
    }

    /**
     * @param array<string, mixed> $options
     * @param class-string<\Throwable> $class
     */
    #[DataProvider('streamedWithoutEnd')]
    public function testStreamWithoutEndIsStoppedAtItsCap(string $uri, array $options, string $class): void
    {
        $client = self::client(['body_cap_bytes' => self::MIB]);
        $body = $client->get($uri, $options + ['stream' => true])->getBody();
        $this->assertThrows($class, static fn () => $body->getContents());
        $error = $this->assertThrows(CallException::class, static fn () => $body->read(1));
        self::assertStringContainsString('broke off', $error->getMessage());
    }

    public function testBodyOptionsAreRefusedByName(): void
    {
        $body = self::client()->get('bytes', ['query' => ['n' => 1]])->getBody();
        self::assertSame('lengthBytes', $this->assertThrows(OptionsException::class, static fn () => $body->read(-1))->field);
        self::assertSame('maxEventBytes', $this->assertThrows(OptionsException::class, static fn () => $body->events(0))->field);
        self::assertSame('target', $this->assertThrows(OptionsException::class, static fn () => $body->saveTo(''))->field);
    }

    /** Peak of resident memory, bytes. */
    private static function peakMemory(): int
    {
        preg_match('~^VmHWM:\s+(\d+) kB~m', (string) file_get_contents('/proc/self/status'), $match);

        return (int) ($match[1] ?? 0) * 1024;
    }
}
