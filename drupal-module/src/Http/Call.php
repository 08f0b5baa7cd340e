<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Client;
use Causeway\PendingCall;
use Causeway\Response;
use Drupal\causeway\Http\Exception\UnsendableException;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Message\StreamInterface;

/**
 * A PSR-7 request as Causeway\Client takes it, and its answer as PSR-7.
 *
 * What the transport decides itself (Host, the length, chunks) must agree with
 * the request, else the vendor would read another request than was meant. An
 * Idempotency-Key field is handed over as the call's key, so that the retry
 * knows it. Small bodies are sent whole; others are read while they are sent.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final readonly class Call {

  /**
   * Bodies up to this size are held in memory.
   */
  private const WHOLE_MAX_BYTES = 1_048_576;

  /**
   * What Causeway\Client::request() is given.
   *
   * @param string $method
   *   The verb.
   * @param string $uri
   *   Relative to the base URI, or absolute on its origin.
   * @param array<string, mixed> $options
   *   The call's options.
   */
  private function __construct(
    private string $method,
    private string $uri,
    private array $options,
  ) {}

  /**
   * Reads the request, its body from the beginning where it can be rewound.
   *
   * @param \Psr\Http\Message\RequestInterface $request
   *   The request.
   * @param array<string, mixed> $options
   *   More options of the call; with 'decode' set to TRUE the extension asks
   *   for encodings in place of the request.
   *
   * @throws \Drupal\causeway\Http\Exception\UnsendableException
   *   When it cannot be sent as it is.
   */
  public static function of(RequestInterface $request, array $options = []): self {
    $body = self::bodyOf($request);
    $length = is_string($body) ? strlen($body) : $body->getSize();
    self::refuseOtherTarget($request);
    $headers = [];
    // Redirects are the caller's: PSR-18 hands them out, Guzzle has its own.
    $options += ['throw_on_error' => FALSE, 'redirects' => ['max' => 0]];
    foreach ($request->getHeaders() as $name => $values) {
      $field = strtolower((string) $name);
      $line = $request->getHeaderLine($field);
      $sent = match ($field) {
        'host' => self::authorityOf($request),
        'content-length' => (string) $length,
        // The transport chooses it where no length is known.
        'transfer-encoding' => 'chunked',
        default => $line,
      };
      if (strcasecmp($line, $sent) !== 0) {
        throw new UnsendableException("The field $name would be wrong: the transport decides it, and it would say otherwise.");
      }
      match ($field) {
        'host', 'transfer-encoding' => NULL,
        // Of a body that is read while it is sent, the transport says it.
        'content-length' => is_string($body) ? $headers[$name] = $values : NULL,
        'accept-encoding' => ($options['decode'] ?? FALSE) ? NULL : $headers[$name] = $values,
        'idempotency-key' => $options['idempotency_key'] = $line,
        default => $headers[$name] = $values,
      };
    }
    $options['headers'] = $headers;
    if ($body !== '') {
      $options['body'] = $body;
    }
    return new self($request->getMethod(), (string) $request->getUri(), $options);
  }

  /**
   * Whether the body is in memory, so that the call can be sent by any thread.
   */
  public function isWhole(): bool {
    return is_string($this->options['body'] ?? '');
  }

  /**
   * Makes the call; any status is an answer.
   *
   * @throws \Causeway\Exception\CausewayException
   *   When there is no answer.
   */
  public function send(Client $client): Response {
    return $client->request($this->method, $this->uri, $this->options);
  }

  /**
   * Begins the call in the background.
   *
   * @throws \Causeway\Exception\CausewayException
   *   When it cannot begin.
   */
  public function start(Client $client): PendingCall {
    return $client->start($this->method, $this->uri, $this->options);
  }

  /**
   * The answer with the vendor's own reason phrase, fields and bytes.
   *
   * @param \Causeway\Response $response
   *   The extension's.
   * @param \Psr\Http\Message\ResponseFactoryInterface $responses
   *   Makes the answer.
   * @param \Psr\Http\Message\StreamFactoryInterface|null $streams
   *   Makes the body of what is in memory; NULL for a body that comes as it is
   *   read.
   */
  public static function answer(Response $response, ResponseFactoryInterface $responses, ?StreamFactoryInterface $streams): ResponseInterface {
    $body = $streams === NULL ? new BodyStream($response->getBody()) : $streams->createStream($response->text());
    if ($streams !== NULL) {
      $body->rewind();
    }
    $answer = $responses
      ->createResponse($response->getStatusCode(), $response->getReasonPhrase())
      ->withProtocolVersion($response->getProtocolVersion())
      ->withBody($body);
    foreach ($response->getHeaders() as $name => $values) {
      $answer = $answer->withHeader((string) $name, $values);
    }
    return $answer;
  }

  /**
   * The body's bytes, or the body where it is large or of unknown length.
   */
  private static function bodyOf(RequestInterface $request): string|StreamInterface {
    try {
      $body = $request->getBody();
      if ($body->isSeekable()) {
        $body->rewind();
      }
      $size = $body->getSize();
      // Pipes say 0 and mean that nobody knows.
      $isUnknown = $size === NULL || ($size === 0 && !$body->isSeekable());
      $isOpen = $body->isReadable() && ($isUnknown || $size > self::WHOLE_MAX_BYTES);
      return $isOpen ? $body : $body->getContents();
    }
    catch (\RuntimeException $e) {
      throw new UnsendableException('The body of the request could not be read: ' . $e->getMessage(), 0, $e);
    }
  }

  /**
   * The target is made from the URI, so a request may not name another one.
   */
  private static function refuseOtherTarget(RequestInterface $request): void {
    $uri = $request->getUri();
    $target = $uri->getPath() . ($uri->getQuery() === '' ? '' : '?' . $uri->getQuery());
    if (ltrim($request->getRequestTarget(), '/') !== ltrim($target, '/')) {
      throw new UnsendableException('The request target differs from the URI.');
    }
  }

  /**
   * What Host says for this URI; '' when the URI is relative.
   */
  private static function authorityOf(RequestInterface $request): string {
    $uri = $request->getUri();
    return $uri->getHost() . ($uri->getPort() === NULL ? '' : ':' . $uri->getPort());
  }

}
