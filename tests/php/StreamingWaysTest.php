<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\StatusException;
use Causeway\Exception\TimeoutException;
use Causeway\Rig\Certificates;
use Causeway\Rig\Machine;
use Causeway\Rig\Nginx;
use Causeway\Rig\Scratch;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\ChildScript;
use Causeway\Tests\Support\Proxy;
use Causeway\Tests\Support\StreamingVendor;
use Causeway\Tests\Support\TemporaryFiles;
use PHPUnit\Framework\Attributes\AfterClass;
use PHPUnit\Framework\Attributes\BeforeClass;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

require_once \dirname(__DIR__) . '/rig/autoload.php';

/** Streamed contents over HTTP/2 (nginx), through a proxy (CONNECT), and both. */
#[CoversClass(Client::class)]
final class StreamingWaysTest extends TestCase
{
    use AssertThrows;
    use TemporaryFiles;

    private const MIB = 1 << 20;

    private static Scratch $scratch;
    private static Certificates $certificates;
    private static StreamingVendor $vendor;
    private static Nginx $nginx;
    private static Proxy $proxy;
    /** @var array{http1: int, http2: int} */
    private static array $ports;

    #[BeforeClass]
    public static function startVendor(): void
    {
        if (Machine::program('nginx') === null || Machine::program('openssl') === null) {
            self::markTestSkipped('no nginx or no openssl');
        }
        self::$scratch = new Scratch('streaming-ways');
        self::$certificates = new Certificates(self::$scratch);
        self::$vendor = new StreamingVendor();
        self::$ports = ['http1' => Machine::freePort(), 'http2' => Machine::freePort()];
        $listens = ['http1' => Nginx::listen(self::$ports['http1'], self::$certificates), 'http2' => str_replace(' ssl ', ' ssl http2 ', Nginx::listen(self::$ports['http2'], self::$certificates))];
        $server = 'client_max_body_size 0; location / { proxy_pass ' . self::$vendor->baseUri . '; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; } location /refused { return 413; }';
        self::$nginx = new Nginx(self::$scratch, 'front', implode("\n", array_map(static fn (string $listen): string => "server { $listen $server }", $listens)), array_values(self::$ports));
        self::$proxy = new Proxy(self::$scratch);
    }

    #[AfterClass]
    public static function stopVendor(): void
    {
        if (!isset(self::$proxy)) {
            return;
        }
        self::$proxy->stop();
        self::$nginx->program->stop();
        self::$vendor->stop();
    }

    /** @return iterable<string, array{'http1'|'http2', bool, string}> */
    public static function ways(): iterable
    {
        yield 'HTTP/2' => ['http2', false, '2'];
        yield 'a proxy' => ['http1', true, '1.1'];
        yield 'HTTP/2 through a proxy' => ['http2', true, '2'];
    }

    #[DataProvider('ways')]
    public function testContentsAreSentAsTheyAreRead(string $port, bool $isProxied, string $version): void
    {
        $client = self::client($port, $isProxied);
        $content = random_bytes(3 * self::MIB);
        file_put_contents($this->path('content'), $content);
        $generator = (static fn (): \Generator => yield from str_split($content, 100_000))();
        $kinds = [
            'generator' => [['body' => $generator], false],
            'stream' => [['body' => fopen($this->path('content'), 'rb')], true],
            'file' => [['file' => $this->path('content')], true],
        ];
        foreach ($kinds as $kind => [$options, $hasLength]) {
            $response = $client->put('upload', $options);
            $seen = $response->json();
            self::assertSame([$version, strlen($content), hash('sha256', $content)], [$response->getProtocolVersion(), $seen['length'], $seen['sha256']], $kind);
            self::assertSame($hasLength ? (string) strlen($content) : null, $seen['fields']['content-length'] ?? null, $kind);
        }
        $form = $client->post('upload', ['multipart' => [['name' => 'a', 'content' => new \ArrayIterator(['one ', 'two'])]]])->json();
        self::assertStringContainsString("\r\n\r\none two\r\n", base64_decode($form['start']));
        if ($isProxied) {
            self::assertStringContainsString('CONNECT 127.0.0.1:' . self::$ports[$port] . " HTTP/1.1\r\n", self::$proxy->heads());
        }
    }

    #[DataProvider('ways')]
    public function testRepeatSendsTheContentFromItsStart(string $port, bool $isProxied): void
    {
        file_put_contents($this->path('content'), str_repeat('x', self::MIB));
        $response = self::client($port, $isProxied)->put('upload/flaky?id=' . bin2hex(random_bytes(8)), ['file' => $this->path('content')]);
        self::assertSame([2, self::MIB], [$response->attempts(), $response->json()['length']]);
    }

    #[DataProvider('ways')]
    public function testAnswersAreReadAsTheyCome(string $port, bool $isProxied, string $version): void
    {
        $client = self::client($port, $isProxied);
        $n = 5 * self::MIB;
        foreach (['', '&chunked=1'] as $framing) {
            $response = $client->get("bytes?n=$n$framing", ['stream' => true]);
            self::assertSame($version, $response->getProtocolVersion());
            $lengths = array_map(strlen(...), iterator_to_array($response->getBody()->chunks(), false));
            self::assertSame($n, array_sum($lengths));
            self::assertGreaterThan(10, count($lengths));
        }
        $client->get("bytes?n=$n", ['sink' => $this->path('sunk')]);
        self::assertSame(hash('sha256', str_repeat('x', $n)), hash_file('sha256', $this->path('sunk')));
        $events = $client->get('events?n=5', ['stream' => true])->getBody()->events();
        self::assertSame(['1', '2', '3', '4', '5'], array_map(static fn ($event) => $event->id(), iterator_to_array($events, false)));
    }

    #[DataProvider('ways')]
    public function testAllAndStartStreamToo(string $port, bool $isProxied): void
    {
        $client = self::client($port, $isProxied);
        $content = static fn (): \Generator => yield from array_fill(0, 20, str_repeat('x', 100_000));
        $responses = $client->all([
            ['PUT', 'upload', ['body' => $content()]],
            ['PUT', 'upload', ['body' => $content()]],
            ['GET', 'bytes?n=1000000', ['sink' => $this->path('sunk')]],
        ], 3);
        self::assertContainsOnlyInstancesOf(\Causeway\Response::class, $responses);
        self::assertSame([2_000_000, 2_000_000], [$responses[0]->json()['length'], $responses[1]->json()['length']]);
        $pending = $client->start('GET', 'bytes?n=1000000', ['sink' => $this->path('started')]);
        self::assertSame([1_000_000, 1_000_000], [filesize($this->path('sunk')), $pending->wait()->getBody()->getSize()]);
    }

    #[DataProvider('ways')]
    public function testAnswerThatBreaksOffOrStopsIsAnError(string $port, bool $isProxied): void
    {
        $client = self::client($port, $isProxied, ['timeouts' => ['attempt_ms' => 400]]);
        $half = $client->get('half?n=100000', ['stream' => true]);
        $error = $this->assertThrows(NetworkException::class, static fn () => $half->getBody()->getContents());
        self::assertSame(['yes', 200], [$error->sent, $error->status]);
        $drip = $client->get('drip?ms=2000', ['stream' => true]);
        $error = $this->assertThrows(TimeoutException::class, static fn () => iterator_to_array($drip->getBody()->chunks()));
        self::assertSame(['yes', 200], [$error->sent, $error->status]);
    }

    #[DataProvider('ways')]
    public function testContentThatBreaksOffEndsTheCall(string $port, bool $isProxied): void
    {
        $broken = (static function (): \Generator {
            yield str_repeat('x', 100_000);
            throw new \DomainException('no more');
        })();
        $client = self::client($port, $isProxied);
        $this->assertThrows(\DomainException::class, static fn () => $client->put('upload', ['body' => $broken]));
        // What is left of it disturbs nobody.
        self::assertSame(200, $client->get('bytes?n=1')->getStatusCode());
    }

    #[DataProvider('ways')]
    public function testAnswerBeforeTheEndOfTheContentCounts(string $port, bool $isProxied): void
    {
        $endless = (static function (): \Generator {
            while (true) {
                yield str_repeat('x', 100_000);
            }
        })();
        $error = $this->assertThrows(StatusException::class, static fn () => self::client($port, $isProxied)->post('refused', ['body' => $endless]));
        self::assertSame([413, 'yes'], [$error->status, $error->sent]);
    }

    #[DataProvider('ways')]
    public function testMemoryStaysFlat(string $port, bool $isProxied): void
    {
        $code = sprintf('$client = new Causeway\Client("media", %s);', var_export(self::options($port, $isProxied), true)) . <<<'CODE'
            $peak = static fn (): int => (int) preg_replace('~.*VmHWM:\s+(\d+).*~s', '$1', file_get_contents('/proc/self/status'));
            $up = static function (int $pieces): Generator { for ($n = 0; $n < $pieces; $n++) { yield str_repeat('x', 65536); } };
            $both = static function (int $pieces) use ($client, $up): void {
                $seen = $client->put('upload', ['body' => $up($pieces), 'headers' => ['X-Unhashed' => '1']])->json()['length'];
                $came = 0;
                foreach ($client->get('bytes?n=' . $pieces * 65536, ['stream' => true])->getBody()->chunks() as $chunk) { $came += strlen($chunk); }
                $seen === $came || exit(1);
            };
            $both(50);
            $before = $peak();
            $both(1000);
            print $peak() - $before;
            CODE;
        [$status, $grownKib] = ChildScript::run($code);
        self::assertSame(0, $status, $grownKib);
        self::assertLessThan(4096, (int) $grownKib);
    }

    public function testProxyThatRefusesMeansNotSent(): void
    {
        foreach (['https://127.0.0.1:403/', 'https://127.0.0.1:407/', 'https://127.0.0.1:1/'] as $target) {
            $client = self::client('http1', true, ['base_uri' => $target]);
            $error = $this->assertThrows(ConnectException::class, static fn () => $client->post('upload', ['body' => new \ArrayIterator(['x'])]));
            self::assertSame('no', $error->sent, $target);
        }
        $gone = self::client('http1', true, ['proxy' => 'http://127.0.0.1:1']);
        self::assertSame('no', $this->assertThrows(ConnectException::class, static fn () => $gone->get('bytes?n=1'))->sent);
    }

    public function testProxyGetsItsPasswordAndNothingOfTheCall(): void
    {
        $client = self::client('http1', true, ['proxy' => 'http://user:secret@' . self::$proxy->address, 'headers' => ['X-Secret' => 'of the call']]);
        self::assertSame(200, $client->get('bytes?n=1')->getStatusCode());
        $heads = self::$proxy->heads();
        self::assertStringContainsString('CONNECT 127.0.0.1:' . self::$ports['http1'] . " HTTP/1.1\r\n", $heads);
        self::assertMatchesRegularExpression('~^proxy-authorization: Basic ' . preg_quote(base64_encode('user:secret'), '~') . '\r?$~im', $heads);
        self::assertStringNotContainsString('of the call', $heads);
        $this->assertThrows(CallException::class, static fn () => self::client('http1', true, ['proxy' => 'http://user:secret@127.0.0.1:1'])->get('x'));
    }

    /** @param array<string, mixed> $more */
    private static function client(string $port, bool $isProxied, array $more = []): Client
    {
        return new Client('media', $more + self::options($port, $isProxied));
    }

    /** @return array<string, mixed> */
    private static function options(string $port, bool $isProxied): array
    {
        return [
            'namespace' => bin2hex(random_bytes(8)),
            'base_uri' => 'https://127.0.0.1:' . self::$ports[$port] . '/',
            'address' => ['allow_private' => true],
            'tls' => ['ca_file' => self::$certificates->oneCa],
            'retry' => ['max_attempts' => 2, 'base_delay_ms' => 1, 'max_delay_ms' => 1],
            'timeouts' => ['attempt_ms' => 10_000, 'total_ms' => 30_000],
        ] + ($isProxied ? ['proxy' => 'http://' . self::$proxy->address] : []);
    }
}
