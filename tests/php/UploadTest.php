<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\StatusException;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use Causeway\Tests\Support\PassThroughStream;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

#[CoversClass(Client::class)]
final class UploadTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;
    use TemporaryFiles;

    private const MIB = 1 << 20;

    public function testEveryKindOfContentArrivesWhole(): void
    {
        $content = random_bytes(3 * self::MIB);
        file_put_contents($this->path('content'), $content);
        $generator = static function () use ($content): \Generator {
            yield from str_split($content, 100_000);
        };
        $kinds = [
            'string' => [['body' => $content], true],
            'list of strings' => [['body' => str_split($content, 100_000)], true],
            'stream of a file' => [['body' => fopen($this->path('content'), 'rb')], true],
            'stream in memory' => [['body' => self::memory($content)], true],
            'stream without a length' => [['body' => popen('cat ' . escapeshellarg($this->path('content')), 'r')], false],
            'generator' => [['body' => $generator()], false],
            'iterator' => [['body' => new \ArrayIterator(str_split($content, 100_000))], false],
            'aggregate' => [['body' => new \ArrayObject([$content])], false],
            "PSR-7's stream" => [['body' => new PassThroughStream(self::memory($content))], true],
            "PSR-7's stream that cannot be sought" => [['body' => new PassThroughStream(self::memory($content), false)], false],
            'file' => [['file' => $this->path('content')], true],
        ];
        $client = self::client();
        foreach ($kinds as $kind => [$options, $hasLength]) {
            $seen = $client->post('upload', $options)->json();
            self::assertSame([strlen($content), hash('sha256', $content)], [$seen['length'], $seen['sha256']], $kind);
            self::assertSame($hasLength ? (string) strlen($content) : null, $seen['fields']['content-length'] ?? null, $kind);
            self::assertSame($hasLength ? null : 'chunked', $seen['fields']['transfer-encoding'] ?? null, $kind);
        }
    }

    public function testStreamIsSentFromWhereItStands(): void
    {
        $stream = self::memory('0123456789');
        fseek($stream, 4);
        $seen = self::client()->put('upload', ['body' => $stream])->json();
        self::assertSame([6, base64_encode('456789')], [$seen['length'], $seen['start']]);
    }

    public function testEmptyContentsAreSentEmpty(): void
    {
        $client = self::client();
        foreach (['', [], self::memory(''), new \EmptyIterator(), new \ArrayIterator(['', ''])] as $body) {
            self::assertSame(0, $client->post('upload', ['body' => $body])->json()['length']);
        }
    }

    public function testContentThatCanGoBackIsSentAgain(): void
    {
        $content = random_bytes(self::MIB);
        file_put_contents($this->path('content'), $content);
        $stream = self::memory("passed$content");
        fseek($stream, strlen('passed'));
        $pieces = str_split($content, 50_000);
        foreach ([['file' => $this->path('content')], ['body' => $stream], ['body' => new \ArrayIterator($pieces)]] as $options) {
            $response = self::client()->put('upload/flaky', $options + ['query' => ['id' => bin2hex(random_bytes(8))]]);
            self::assertSame([2, hash('sha256', $content)], [$response->attempts(), $response->json()['sha256']]);
        }
    }

    public function testGeneratorIsSentOnce(): void
    {
        $generator = (static fn (): \Generator => yield 'once')();
        $error = $this->assertThrows(
            StatusException::class,
            static fn () => self::client()->put('upload/flaky', ['body' => $generator, 'query' => ['id' => bin2hex(random_bytes(8))]]),
        );
        self::assertSame([503, 1], [$error->status, $error->attempts]);
    }

    public function testWhatTheContentThrowsIsThrownOn(): void
    {
        $thrown = new \DomainException('no more');
        $generator = static function () use ($thrown): \Generator {
            yield 'some';
            throw $thrown;
        };
        self::assertSame($thrown, $this->assertThrows(\DomainException::class, static fn () => self::client()->post('upload', ['body' => $generator()])));
    }

    public function testContentThatIsNoStringEndsTheCall(): void
    {
        $error = $this->assertThrows(CallException::class, static fn () => self::client()->post('upload', ['body' => new \ArrayIterator(['a', []])]));
        self::assertStringContainsString('the iterator gave something else than a string', $error->getMessage());
    }

    public function testContentThatIsShorterThanItsLengthEndsTheCall(): void
    {
        $stream = new PassThroughStream(self::memory('short'), sizeBytes: 100);
        $error = $this->assertThrows(CallException::class, static fn () => self::client()->post('upload', ['body' => $stream, 'timeouts' => ['attempt_ms' => 2000]]));
        self::assertNotSame('yes', $error->sent);
    }

    public function testContentMayMakeCallsAndSuspendItsFiber(): void
    {
        $client = self::client();
        $generator = static function () use ($client): \Generator {
            yield $client->get('wait', ['query' => ['ms' => 1, 'n' => 5]])->text();
            yield \Fiber::suspend('waiting');
        };
        $fiber = new \Fiber(static fn () => $client->post('upload', ['body' => $generator()])->json());
        self::assertSame('waiting', $fiber->start());
        self::assertSame(7, $client->get('wait', ['query' => ['ms' => 1, 'n' => 7]])->json()['n']);
        $fiber->resume('resumed');
        self::assertTrue($fiber->isTerminated());
        self::assertSame(base64_encode('{"n":5}resumed'), $fiber->getReturn()['start']);
    }

    public function testFormIsEncodedByteForByte(): void
    {
        $seen = self::client()->post('upload', ['form' => ['a' => 'b c&', 'raw' => "\xff", 'list' => ['1', '2']]])->json();
        self::assertSame('a=b+c%26&raw=%FF&list=1&list=2', base64_decode($seen['start']));
        self::assertSame('application/x-www-form-urlencoded', $seen['fields']['content-type']);
    }

    public function testMultipartOfStringsAndFiles(): void
    {
        file_put_contents($this->path('photo.png'), 'PNG');
        $seen = self::client()->post('upload', ['multipart' => [
            'title' => 'Über uns',
            'tags' => ['a', 'b'],
            'photo' => ['file' => $this->path('photo.png'), 'type' => 'image/png'],
            'stream' => self::memory('streamed'),
            'named' => ['content' => 'x,y', 'filename' => 'a "b".csv', 'type' => 'text/csv'],
        ]])->json();

        preg_match('~^multipart/form-data; boundary=(.+)$~', $seen['fields']['content-type'], $match);
        $expected = '';
        foreach ([
            "name=\"title\"\r\n\r\nÜber uns",
            "name=\"tags\"\r\n\r\na",
            "name=\"tags\"\r\n\r\nb",
            "name=\"photo\"; filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\nPNG",
            "name=\"stream\"; filename=\"stream\"\r\n\r\nstreamed",
            "name=\"named\"; filename=\"a %22b%22.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y",
        ] as $part) {
            $expected .= "--$match[1]\r\nContent-Disposition: form-data; $part\r\n";
        }
        self::assertSame("$expected--$match[1]--\r\n", base64_decode($seen['start']));
        self::assertSame((string) $seen['length'], $seen['fields']['content-length']);
    }

    public function testMultipartIsSentAgainWithTheSameBytes(): void
    {
        file_put_contents($this->path('file'), str_repeat('x', self::MIB));
        $response = self::client()->put('upload/flaky', [
            'query' => ['id' => bin2hex(random_bytes(8))],
            'multipart' => ['file' => ['file' => $this->path('file')]],
        ]);
        self::assertSame(2, $response->attempts());
        self::assertGreaterThan(self::MIB, $response->json()['length']);
    }

    public function testMultipartAsAListKeepsItsOrder(): void
    {
        $seen = self::client()->post('upload', ['multipart' => [['name' => 'b', 'content' => '1'], ['name' => 'a', 'content' => '2']]])->json();
        self::assertMatchesRegularExpression('~name="b"\r\n\r\n1\r\n.*name="a"\r\n\r\n2\r\n~s', base64_decode($seen['start']));
    }

    /** @return iterable<string, array{array<string, mixed>, string, string}> */
    public static function refusedOptions(): iterable
    {
        yield 'two contents' => [['body' => 'x', 'json' => []], 'body', 'one of json, form, multipart, body, file'];
        yield 'an object that cannot be read' => [['body' => new \stdClass()], 'body', 'a string, a PHP stream, an iterable of strings'];
        yield 'an array of arrays' => [['body' => [[]]], 'body', 'an iterable of strings'];
        yield 'no form' => [['form' => 'x'], 'form', 'an array of names and values'];
        yield 'a form of arrays' => [['form' => ['a' => [['b']]]], 'form.a', 'a string or a number'];
        yield 'no multipart' => [['multipart' => 'x'], 'multipart', 'an array of fields'];
        yield 'a part without content' => [['multipart' => ['a' => ['filename' => 'x']]], 'multipart.a', 'one of content and file'];
        yield 'a part of a list without a name' => [['multipart' => [['content' => 'x']]], 'multipart.0.name', "the field's name"];
        yield 'a query of bytes' => [['query' => ['a' => "\xff"]], 'query.a', 'text of UTF-8'];
        yield 'an unknown key of a part' => [['multipart' => ['a' => ['contents' => 'x']]], 'multipart.a.contents', 'content, file, filename, name, type'];
        yield 'a type of two lines' => [['multipart' => ['a' => ['content' => 'x', 'type' => "a\r\nb"]]], 'multipart', 'fields of one line'];
        yield 'a file that is a number' => [['file' => 1], 'file', 'the name of a file'];
        yield 'an unknown option' => [['bodi' => 'x'], 'bodi', 'body, body_cap_bytes, decode, file, form, headers, idempotency_key, json, multipart, query, redirects, sink, stream'];
        yield 'a sink that is a number' => [['sink' => 1], 'sink', "a file's name or an open PHP stream"];
        yield 'a sink and a stream' => [['sink' => 'x', 'stream' => true], 'sink', 'one of the two'];
        yield 'a resource where there is none' => [['timeouts' => \STDIN], 'timeouts', 'a scalar, an array'];
        yield 'a key that is no string' => [['idempotency_key' => 5], 'idempotency_key', 'true for a key that is made here'];
    }

    /** @param array<string, mixed> $options */
    #[DataProvider('refusedOptions')]
    public function testWrongOptionsAreRefusedByName(array $options, string $field, string $allowed): void
    {
        $error = $this->assertThrows(OptionsException::class, static fn () => self::client()->post('upload', $options));
        self::assertSame($field, $error->field);
        self::assertStringContainsString($allowed, $error->getMessage());
    }

    public function testFileThatIsNotThereIsRefused(): void
    {
        $error = $this->assertThrows(OptionsException::class, fn () => @self::client()->post('upload', ['file' => $this->path('missing')]));
        self::assertSame('file', $error->field);
    }

    /** @return resource */
    private static function memory(string $content)
    {
        $stream = fopen('php://memory', 'w+b');
        self::assertNotFalse($stream);
        fwrite($stream, $content);
        rewind($stream);

        return $stream;
    }
}
