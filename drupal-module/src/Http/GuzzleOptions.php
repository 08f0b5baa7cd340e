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

  /**
   * What is taken.
   *
   * @param int|null $totalMs
   *   For the whole call; NULL leaves the connection's total timeout.
   * @param int $delayMs
   *   Before it is sent.
   * @param resource|string|\Psr\Http\Message\StreamInterface|null $sink
   *   Where the body goes.
   * @param callable|null $onHeaders
   *   Told before the body goes there.
   * @param callable|null $onStats
   *   Told at the end.
   * @param bool $decode
   *   Whether an encoded body is to be decoded.
   */
  private function __construct(
    public ?int $totalMs,
    public int $delayMs,
    public mixed $sink,
    public mixed $onHeaders,
    public mixed $onStats,
    public bool $decode,
  ) {}

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
  public static function of(array $options, RequestInterface $request, array $own): self {
    foreach ($options as $name => $value) {
      // Two underscores: notes that Guzzle's middleware leaves for itself.
      $isForOthers = in_array($name, $own, TRUE) || str_starts_with((string) $name, '__');
      $reason = $isForOthers || $value === NULL ? NULL : self::objection((string) $name, $value, $request);
      if ($reason !== NULL) {
        throw new InvalidArgumentException(sprintf('Causeway cannot honour the Guzzle option "%s": %s.', $name, $reason));
      }
    }
    $timeout = (float) ($options['timeout'] ?? 0);
    return new self(
      $timeout > 0 ? (int) ceil($timeout * self::SECONDS_TO_MS) : NULL,
      (int) ($options['delay'] ?? 0),
      $options['sink'] ?? NULL,
      $options['on_headers'] ?? NULL,
      $options['on_stats'] ?? NULL,
      $options['decode_content'] ?? TRUE,
    );
  }

  /**
   * The table: NULL where the value is honoured, else why it is not.
   */
  private static function objection(string $name, mixed $value, RequestInterface $request): ?string {
    return match ($name) {
      // Done by the client or by middleware before a handler is asked.
      '_conditional', 'allow_redirects', 'base_uri', 'cookies', 'expect', 'handler', 'http_errors', 'idn_conversion', 'request_factory', 'retries', 'synchronous', 'uri_factory' => NULL,
      // Carried out by the handler.
      'timeout', 'delay' => is_numeric($value) && $value >= 0 && is_finite((float) $value) ? NULL : 'it must be a number, 0 or more',
      'sink' => is_string($value) || is_resource($value) || $value instanceof StreamInterface ? NULL : 'it must be a path, a resource or a stream',
      'on_headers', 'on_stats' => is_callable($value) ? NULL : 'it must be callable',
      'response_factory', 'stream_factory' => is_object($value) ? NULL : 'it must be a PSR-17 factory',
      'decode_content' => self::decoding($value, $request),
      // Accepted where it asks for what is done anyway.
      'auth' => !$value || $request->hasHeader('Authorization') ? NULL : 'no middleware turned it into a field; use Basic with Guzzle\'s handler stack, or the connection\'s auth',
      'protocols' => is_array($value) && self::allows($value, $request->getUri()->getScheme()) ? NULL : 'the scheme of the URI is not among them',
      'version' => is_scalar($value) && in_array((string) $value, ['1.0', '1.1', '2', '2.0'], TRUE) ? NULL : 'HTTP/1.1 and HTTP/2 are spoken, as the vendor\'s TLS offers them',
      'crypto_method' => in_array($value, [STREAM_CRYPTO_METHOD_TLSv1_0_CLIENT, STREAM_CRYPTO_METHOD_TLSv1_1_CLIENT, STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT], TRUE) ? NULL : 'the minimum is TLS 1.2, for every call',
      'crypto_method_max' => $value === STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT ? NULL : 'the maximum is TLS 1.3, for every call',
      'verify' => $value === TRUE ? NULL : 'certificates are always verified; tls.ca_file of the connection says whom to trust',
      'connect_timeout' => is_numeric($value) && (float) $value === 0.0 ? NULL : 'set timeouts.connect_ms of the connection',
      'proxy' => self::namesProxy($value) ? 'proxies are no option of a call' : NULL,
      'multiplex' => in_array($value, ['none', 'eager', 'wait'], TRUE) ? NULL : 'a call does not share its connection with another',
      'debug', 'stream' => $value === FALSE ? NULL : ($name === 'debug' ? 'there is no wire log' : 'bodies are read whole'),
      'curl', 'stream_context' => $value === [] ? NULL : 'there is no such transport underneath',
      // Refused whatever they say.
      'cert', 'cert_type', 'ssl_key', 'ssl_key_type' => 'client certificates are no option of a call',
      'read_timeout' => 'bodies are read whole, within timeouts.attempt_ms of the connection',
      'force_ip_resolve' => 'addresses are chosen by the connection',
      'on_trailers' => 'trailers are not read',
      'progress' => 'progress is not told',
      'body', 'form_params', 'headers', 'json', 'multipart', 'query' => 'the client makes it part of the request before a handler is asked',
      default => 'it is unknown; name it in the handler\'s ownOptions when middleware of yours uses it',
    };
  }

  /**
   * Bodies are handed out as the vendor sent them.
   */
  private static function decoding(mixed $value, RequestInterface $request): ?string {
    if (!is_bool($value)) {
      return 'it must be TRUE or FALSE, encodings cannot be asked for';
    }
    $asked = strtolower($request->getHeaderLine('Accept-Encoding'));
    return !$value || in_array($asked, ['', 'identity'], TRUE) ? NULL : 'the request asks for an encoding, and bodies are not decoded; set it to FALSE to get the bytes';
  }

  /**
   * Whether the scheme is allowed; a relative URI may have either.
   *
   * @param array<mixed> $schemes
   *   The schemes that the caller allows.
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
