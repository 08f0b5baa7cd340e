<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use GuzzleHttp\Exception\InvalidArgumentException;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\StreamInterface;

/**
 * Guzzle's request options: taken, left to middleware, or refused by name.
 *
 * No option is dropped silently. What only the whole connection can decide
 * (trust, connecting, proxies) is refused when it asks for something else than
 * what the connection does anyway.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final readonly class GuzzleOptions {

  private const SECONDS_TO_MS = 1000;

  private const MAX_DELAY_MS = 3_600_000;

  /**
   * Minimum versions of TLS that the extension's own minimum, 1.2, meets.
   */
  private const MINIMUMS_MET = [
    STREAM_CRYPTO_METHOD_TLSv1_0_CLIENT,
    STREAM_CRYPTO_METHOD_TLSv1_1_CLIENT,
    STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT,
  ];

  /**
   * What is taken.
   *
   * @param array<string, mixed> $call
   *   Options of the call itself: timeouts, decode, stream.
   * @param int $delayMs
   *   Before it is sent.
   * @param resource|string|\Psr\Http\Message\StreamInterface|null $sink
   *   Where the body goes.
   * @param callable|null $onHeaders
   *   Told before the body goes there.
   * @param callable|null $onStats
   *   Told at the end.
   * @param callable|null $progress
   *   Told of the bytes that have come.
   * @param bool $isSynchronous
   *   Whether the caller waits at once.
   */
  private function __construct(
    public array $call,
    public int $delayMs,
    public mixed $sink,
    public mixed $onHeaders,
    public mixed $onStats,
    public mixed $progress,
    public bool $isSynchronous,
  ) {}

  /**
   * Whether the body is handed out as it comes from the vendor.
   */
  public function isStream(): bool {
    return $this->call['stream'] ?? FALSE;
  }

  /**
   * Whether somebody wants to look at the answer before all of it has come.
   */
  public function isWatched(): bool {
    return $this->sink !== NULL || $this->onHeaders !== NULL || $this->progress !== NULL;
  }

  /**
   * Checks every option and takes what the handler itself carries out.
   *
   * @param array<string, mixed> $options
   *   As a handler gets them.
   * @param \Psr\Http\Message\RequestInterface $request
   *   The request they belong to.
   * @param list<string> $own
   *   Names that belong to the application's own middleware.
   *
   * @throws \GuzzleHttp\Exception\InvalidArgumentException
   *   Names the option that cannot be honoured.
   */
  public static function of(#[\SensitiveParameter] array $options, RequestInterface $request, array $own): self {
    foreach ($options as $name => $value) {
      // Two underscores: notes that Guzzle's middleware leaves for itself.
      $isForOthers = in_array($name, $own, TRUE) || str_starts_with((string) $name, '__');
      $reason = $isForOthers || $value === NULL ? NULL : self::objection((string) $name, $value, $request, $options);
      if ($reason !== NULL) {
        throw new InvalidArgumentException(sprintf('Causeway cannot honour the Guzzle option "%s": %s.', $name, $reason));
      }
    }
    $timeouts = array_filter([
      'total_ms' => self::millis($options['timeout'] ?? 0),
      'attempt_ms' => self::millis($options['read_timeout'] ?? 0),
    ]);
    $call = ['decode' => ($options['decode_content'] ?? TRUE) !== FALSE];
    $call += $timeouts === [] ? [] : ['timeouts' => $timeouts];
    $call += ($options['stream'] ?? FALSE) ? ['stream' => TRUE] : [];
    return new self(
      $call,
      (int) ceil((float) ($options['delay'] ?? 0)),
      $options['sink'] ?? NULL,
      $options['on_headers'] ?? NULL,
      $options['on_stats'] ?? NULL,
      $options['progress'] ?? NULL,
      (bool) ($options['synchronous'] ?? FALSE),
    );
  }

  /**
   * Whole milliseconds, never rounded to none.
   */
  private static function millis(mixed $seconds): int {
    return (int) ceil((float) $seconds * self::SECONDS_TO_MS);
  }

  /**
   * The table: NULL where the value is honoured, else why it is not.
   *
   * @param string $name
   *   The option.
   * @param mixed $value
   *   Its value, not NULL.
   * @param \Psr\Http\Message\RequestInterface $request
   *   The request it belongs to.
   * @param array<string, mixed> $options
   *   All options, for what one says of another.
   */
  private static function objection(string $name, mixed $value, RequestInterface $request, array $options): ?string {
    return match ($name) {
      // Done by the client or by middleware before a handler is asked.
      '_conditional', 'allow_redirects', 'base_uri', 'cookies', 'expect', 'handler', 'http_errors', 'idn_conversion', 'request_factory', 'retries', 'synchronous', 'uri_factory' => NULL,
      // Carried out by the handler.
      'timeout' => is_numeric($value) && $value >= 0 && is_finite((float) $value) ? NULL : 'it must be a number of seconds, 0 or more',
      'delay' => is_numeric($value) && $value >= 0 && $value <= self::MAX_DELAY_MS ? NULL : 'it must be a number of milliseconds, from 0 to ' . self::MAX_DELAY_MS,
      'sink' => is_string($value) || is_resource($value) || $value instanceof StreamInterface ? NULL : 'it must be a path, a resource or a stream',
      'on_headers', 'on_stats', 'progress' => is_callable($value) ? NULL : 'it must be callable',
      'response_factory', 'stream_factory' => is_object($value) ? NULL : 'it must be a PSR-17 factory',
      'decode_content' => is_bool($value) || is_string($value) ? NULL : 'it must be TRUE, FALSE or an encoding',
      'stream' => is_bool($value) ? NULL : 'it must be TRUE or FALSE',
      'read_timeout' => match (TRUE) {
        !is_numeric($value) || $value < 0 || !is_finite((float) $value) => 'it must be a number of seconds, 0 or more',
        !($options['stream'] ?? FALSE) => 'without stream, timeouts.attempt_ms of the connection bounds an attempt',
        default => NULL,
      },
      // Accepted where it asks for what is done anyway.
      'auth' => !$value || $request->hasHeader('Authorization') ? NULL : 'no middleware turned it into a field; use Basic with Guzzle\'s handler stack, or the connection\'s auth',
      'protocols' => is_array($value) && self::allows($value, $request->getUri()->getScheme()) ? NULL : 'the scheme of the URI is not among them',
      'version' => is_scalar($value) && in_array((string) $value, ['1.0', '1.1', '2', '2.0'], TRUE) ? NULL : 'HTTP/1.1 and HTTP/2 are spoken, as the vendor\'s TLS offers them',
      'crypto_method' => in_array($value, self::MINIMUMS_MET, TRUE) ? NULL : 'the minimum is TLS 1.2, for every call',
      'crypto_method_max' => $value === STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT ? NULL : 'the maximum is TLS 1.3, for every call',
      'verify' => $value === TRUE ? NULL : 'certificates are always verified; tls.ca_file of the connection says whom to trust',
      'connect_timeout' => is_numeric($value) && (float) $value === 0.0 ? NULL : 'set timeouts.connect_ms of the connection',
      'proxy' => self::namesProxy($value) ? 'proxies are no option of a call, but of the connection' : NULL,
      'multiplex' => in_array($value, ['none', 'eager', 'wait'], TRUE) ? NULL : 'a call does not share its connection with another',
      'debug' => $value === FALSE ? NULL : 'there is no wire log',
      'curl', 'stream_context' => $value === [] ? NULL : 'there is no such transport underneath',
      // Refused whatever they say.
      'cert', 'cert_type', 'ssl_key', 'ssl_key_type' => 'client certificates are no option of a call; set tls of the connection',
      'force_ip_resolve' => 'addresses are chosen by the connection',
      'on_trailers' => 'trailers are not read',
      'body', 'form_params', 'headers', 'json', 'multipart', 'query' => 'the client makes it part of the request before a handler is asked',
      default => 'it is unknown; name it in the handler\'s ownOptions when middleware of yours uses it',
    };
  }

  /**
   * Whether the scheme is allowed; a relative URI may have either.
   *
   * @param array<mixed> $schemes
   *   The schemes that the caller allows.
   * @param string $scheme
   *   The scheme of the URI, '' for a relative one.
   */
  private static function allows(array $schemes, string $scheme): bool {
    return array_diff($scheme === '' ? ['http', 'https'] : [$scheme], $schemes) === [];
  }

  /**
   * Whether a proxy is asked for; hosts to be reached without one are no proxy.
   */
  private static function namesProxy(mixed $proxy): bool {
    return is_array($proxy) ? (bool) array_filter(array_diff_key($proxy, ['no' => 0])) : (bool) $proxy;
  }

}
