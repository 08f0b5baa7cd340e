<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/** The simulated vendors of tests/vendor-sim, as a program of their own; ends with this object. */
final class VendorSim
{
    private const START_TIMEOUT_S = 30;

    /** @var resource */
    private $process;

    /** @var resource its end is the program's end */
    private $lifeline;

    /** @var array<string, string> */
    private readonly array $urls;

    public function __construct()
    {
        $program = (string) getenv('VENDOR_SIM');
        $streams = [['pipe', 'r'], ['pipe', 'w'], STDERR];
        $process = is_executable($program) ? proc_open([$program, '--token-lifetime-s', '3600', '--stdin-lifeline'], $streams, $pipes) : false;
        if ($process === false) {
            throw new \RuntimeException("VENDOR_SIM must name the program that cargo build -p vendor-sim makes, not '$program'");
        }
        $this->process = $process;
        $this->lifeline = $pipes[0];
        stream_set_timeout($pipes[1], self::START_TIMEOUT_S);
        $this->urls = json_decode((string) fgets($pipes[1]), true, flags: JSON_THROW_ON_ERROR);
    }

    public function stop(): void
    {
        fclose($this->lifeline);
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }

    public function url(string $vendor): string
    {
        return $this->urls[$vendor];
    }

    public function token(string $client): string
    {
        $answer = self::http('POST', $this->url('token_url'), 'grant_type=client_credentials', [
            'Authorization: Basic ' . base64_encode("$client:$client-secret"),
            'Content-Type: application/x-www-form-urlencoded',
        ]);

        return $answer['access_token'];
    }

    /** @param array<string, mixed> $more */
    public function fault(string $vendor, string $kind, array $more = []): void
    {
        $this->control('fault', ['vendor' => $vendor, 'kind' => $kind] + $more);
    }

    /**
     * @param array<string, mixed> $body
     *
     * @return array<string, mixed>
     */
    public function control(string $path, array $body = []): array
    {
        return self::http('POST', $this->url('control') . "/$path", json_encode((object) $body, JSON_THROW_ON_ERROR), ['Content-Type: application/json']);
    }

    /** @return list<array<string, mixed>> what reached a vendor since the log was reset */
    public function log(string $vendor): array
    {
        return self::http('GET', $this->url('control') . "/log?vendor=$vendor", '', [])['entries'];
    }

    /**
     * @param list<string> $headers
     *
     * @return array<string, mixed>
     */
    private static function http(string $method, string $url, string $body, array $headers): array
    {
        $context = stream_context_create(['http' => ['method' => $method, 'header' => $headers, 'content' => $body, 'timeout' => 10]]);

        return json_decode((string) file_get_contents($url, false, $context), true, flags: JSON_THROW_ON_ERROR);
    }
}
