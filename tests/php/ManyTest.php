<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\LimitException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Response;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use Causeway\Tests\Support\ChildScript;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
final class ManyTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;
    use TemporaryFiles;

    public function testResultsHaveTheRequestsKeysAndOrder(): void
    {
        // The first answers last.
        $results = self::client()->all(['slow' => 'wait?ms=150&n=1', 7 => ['GET', 'wait?ms=0&n=2'], 'x' => ['get', 'wait', ['query' => ['ms' => 50, 'n' => 3]]]]);
        self::assertSame(['slow' => 1, 7 => 2, 'x' => 3], array_map(self::number(...), $results));
    }

    public function testTheyRunAtOnceUpToTheConcurrency(): void
    {
        $client = self::client();
        $uris = array_map(static fn (int $n): string => "wait?ms=100&n=$n", range(0, 9));
        $elapsed = static function (int $concurrency) use ($client, $uris): float {
            $start = hrtime(true);
            self::assertSame(range(0, 9), array_map(self::number(...), $client->all($uris, $concurrency)));

            return (hrtime(true) - $start) / 1e6;
        };
        $elapsed(10);
        self::assertLessThan(400, $elapsed(10));
        self::assertGreaterThanOrEqual(500, $elapsed(2));
    }

    public function testEachGetsItsOwnExceptionAndStopsNobodyElse(): void
    {
        $results = self::client(['retry' => ['max_attempts' => 1]])->all([
            'ok' => 'wait?ms=0&n=1',
            'status' => 'bytes?n=3&status=404',
            'taken as it is' => ['GET', 'bytes?n=3&status=404', ['throw_on_error' => false]],
            'option' => ['GET', 'x', ['qery' => []]],
            'no request' => 5,
            'method' => ["G T", 'x'],
            'stream' => ['GET', 'x', ['stream' => true]],
        ]);
        self::assertSame(1, self::number($results['ok']));
        self::assertInstanceOf(StatusException::class, $results['status']);
        self::assertSame('xxx', $results['status']->response?->text());
        self::assertInstanceOf(Response::class, $results['taken as it is']);
        foreach (['option' => 'qery', 'no request' => 'requests', 'method' => 'method', 'stream' => 'stream'] as $key => $field) {
            self::assertInstanceOf(OptionsException::class, $results[$key]);
            self::assertSame($field, $results[$key]->field);
        }
    }

    public function testRefusedConnectionIsEachOnesOwn(): void
    {
        $closed = stream_socket_server('tcp://127.0.0.1:0');
        self::assertNotFalse($closed);
        $address = stream_socket_get_name($closed, false);
        fclose($closed);
        $results = self::client(['base_uri' => "http://$address/", 'retry' => ['max_attempts' => 1], 'breaker' => false])->all(['a', 'b']);
        self::assertContainsOnlyInstancesOf(ConnectException::class, $results);
        self::assertCount(2, $results);
    }

    public function testContentsAreStreamed(): void
    {
        $contents = array_map(static fn (int $n): string => str_repeat((string) $n, 300_000), range(1, 5));
        $requests = static function () use ($contents): \Generator {
            foreach ($contents as $content) {
                yield ['POST', 'upload', ['body' => (static fn (): \Generator => yield from str_split($content, 50_000))()]];
            }
        };
        $results = self::client()->all($requests(), 3);
        $sums = array_map(static fn (mixed $result): string => $result instanceof Response ? $result->json()['sha256'] : '', $results);
        self::assertSame(array_map(static fn (string $content): string => hash('sha256', $content), $contents), $sums);
    }

    public function testAnswersGoIntoTheirSinks(): void
    {
        $n = 1 << 20;
        $stream = fopen('php://memory', 'w+b');
        self::assertNotFalse($stream);
        $results = @self::client(['body_cap_bytes' => 1000])->all([
            'file' => ['GET', "bytes?n=$n", ['sink' => $this->path('file')]],
            'stream' => ['GET', 'coded/gzip?n=5000', ['sink' => $stream]],
            'empty' => ['GET', 'bytes?n=0', ['sink' => $this->path('empty')]],
            'error' => ['GET', 'bytes?n=3&status=404', ['sink' => $this->path('error')]],
            'error taken as it is' => ['GET', 'bytes?n=3&status=404', ['sink' => $this->path('error'), 'throw_on_error' => false]],
            'too large' => ['GET', 'bytes?n=100001&chunked=1', ['sink' => $this->path('large'), 'body_cap_bytes' => 100_000]],
            'half' => ['GET', 'half?n=1000', ['sink' => $this->path('half')]],
            'nowhere' => ['GET', "bytes?n=$n", ['sink' => $this->path('no/such/directory')]],
        ]);
        self::assertSame([$n, $n], [filesize($this->path('file')), self::response($results['file'])->getBody()->getSize()]);
        self::assertSame(str_repeat(' ', 5000), stream_get_contents($stream, offset: 0));
        self::assertStringEqualsFile($this->path('empty'), '');
        self::assertInstanceOf(StatusException::class, $results['error']);
        self::assertSame('xxx', self::response($results['error taken as it is'])->text());
        self::assertInstanceOf(LimitException::class, $results['too large']);
        self::assertSame(1, $results['too large']->attempts);
        // A second attempt would have written the beginning twice.
        self::assertInstanceOf(NetworkException::class, $results['half']);
        self::assertSame([1, 'yes'], [$results['half']->attempts, $results['half']->sent]);
        self::assertInstanceOf(CallException::class, $results['nowhere']);
        self::assertSame(['empty', 'file'], array_map('basename', glob($this->path('*')) ?: []));
    }

    public function testRequestsAreDrawnWhenThereIsRoom(): void
    {
        $client = self::client();
        $drawn = 0;
        $done = 0;
        $requests = static function () use (&$drawn, &$done): \Generator {
            for ($n = 0; $n < 20; $n++) {
                // What came back is not known here; but more than four ahead was never drawn.
                $drawn++;
                yield ['POST', 'upload', ['body' => (static function () use (&$done, &$drawn): \Generator {
                    self::assertLessThanOrEqual(4, $drawn - $done);
                    yield 'x';
                    $done++;
                })()]];
            }
        };
        $results = $client->all($requests(), 4);
        self::assertSame([20, 20, 20], [$drawn, $done, count(array_filter($results, static fn (mixed $result): bool => $result instanceof Response))]);
    }

    public function testContentThatThrowsIsItsOwnCallsException(): void
    {
        $generator = static function (): \Generator {
            yield 'some';
            throw new \DomainException('no more');
        };
        $results = self::client()->all([['POST', 'upload', ['body' => $generator()]], 'wait?ms=0&n=1']);
        self::assertInstanceOf(\DomainException::class, $results[0]);
        self::assertSame(1, self::number($results[1]));
    }

    public function testWhatTheIterableThrowsIsThrownBehindTheCalls(): void
    {
        $thrown = new \DomainException('no more requests');
        $generator = static function () use ($thrown): \Generator {
            yield 'wait?ms=10&n=1';
            throw $thrown;
        };
        self::assertSame($thrown, $this->assertThrows(\DomainException::class, static fn () => self::client()->all($generator())));
    }

    public function testKeysMustDiffer(): void
    {
        $generator = static function (): \Generator {
            yield 'a' => 'wait?ms=0&n=1';
            yield 'a' => 'wait?ms=0&n=2';
        };
        $error = $this->assertThrows(OptionsException::class, static fn () => self::client()->all($generator()));
        self::assertStringContainsString('a key that came twice', $error->getMessage());
    }

    public function testNothingToDo(): void
    {
        self::assertSame([], self::client()->all([]));
        self::assertSame([], self::client()->all(new \EmptyIterator()));
    }

    public function testArgumentsAreRefusedByName(): void
    {
        self::assertSame('concurrency', $this->assertThrows(OptionsException::class, static fn () => self::client()->all([], 0))->field);
        self::assertSame('concurrency', $this->assertThrows(OptionsException::class, static fn () => self::client()->all([], 1001))->field);
    }

    public function testIterableMayMakeCallsAndSuspendItsFiber(): void
    {
        $client = self::client();
        $generator = static function () use ($client): \Generator {
            yield 'wait?ms=30&n=' . $client->get('wait?ms=0&n=4')->json()['n'];
            yield \Fiber::suspend();
        };
        $fiber = new \Fiber(static fn (): array => $client->all($generator()));
        $fiber->start();
        self::assertSame([1], array_map(self::number(...), $client->all(['wait?ms=0&n=1'])));
        $fiber->resume('wait?ms=0&n=5');
        self::assertSame([4, 5], array_map(self::number(...), $fiber->getReturn()));
    }

    public function testExitInsideEndsTheProgram(): void
    {
        $prepared = sprintf('$client = new Causeway\Client("media", ["base_uri" => %s, "address" => ["allow_private" => true]]);', var_export(self::$vendor->baseUri, true));
        $exit = '(static function () { yield "wait?ms=1&n=1"; exit(7); })()';
        $body = '(static function () { yield "x"; exit(7); })()';
        $sink = sprintf('require %s; stream_wrapper_register("sinks", Causeway\Tests\Support\SinkWrapper::class); Causeway\Tests\Support\SinkWrapper::$onWrite = static fn () => exit(7);', var_export(__DIR__ . '/Support/SinkWrapper.php', true));
        foreach (["$sink \$client->get('bytes?n=5', ['sink' => 'sinks://x']);", "$sink \$client->all([['GET', 'bytes?n=5', ['sink' => 'sinks://x']]]);", "\$client->all($exit);", "\$client->all([['POST', 'upload', ['body' => $body]], 'wait?ms=1&n=1']);", "\$client->post('upload', ['body' => $body]);"] as $code) {
            self::assertSame([7, ''], ChildScript::run("$prepared $code print 'went on';"), $code);
        }
    }

    private static function response(mixed $result): Response
    {
        self::assertInstanceOf(Response::class, $result);

        return $result;
    }

    private static function number(mixed $result): mixed
    {
        return $result instanceof Response ? $result->json()['n'] : $result;
    }
}
