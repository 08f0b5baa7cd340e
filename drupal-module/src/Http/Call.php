<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Client;
use Causeway\Response;
use Drupal\causeway\Http\Exception\UnsendableException;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;

/**
 * A PSR-7 request as Causeway\Client takes it, and its answer as PSR-7.
 *
 * What the transport decides itself (Host, the length, chunks) must agree with
 * the request, else the vendor would read another request than was meant. An
 * Idempotency-Key field is handed over as the call's key, so that the retry
 * knows it. Bodies are strings on both ways.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final readonly class Call {

  private function __construct(
    private string $method,
    private string $uri,
    /** @var array<string, mixed> */
    private array $options,
  ) {}

  /**
   * Reads the request, its body from the beginning where it can be rewound.
   *
   * @throws \Drupal\causeway\Http\Exception\UnsendableException
   *   When it cannot be sent as it is.
   */
  public static function of(RequestInterface $request): self {
    $body = self::bodyOf($request);
    self::refuseOtherTarget($request);
    $headers = [];
    $options = ['throw_on_error' => FALSE];
    foreach ($request->getHeaders() as $name => $values) {
      $line = $request->getHeaderLine((string) $name);
      match (strtolower((string) $name)) {
        'host' => self::refuseUnlessSame('Host', $line, self::authorityOf($request)),
        // The body is whole here: it goes out with its length.
        'transfer-encoding' => self::refuseUnlessSame('Transfer-Encoding', $line, 'chunked'),
        'idempotency-key' => $options['idempotency_key'] = $line,
        'content-length' => [
          self::refuseUnlessSame('Content-Length', $line, (string) strlen($body)),
          $headers[$name] = $values,
        ],
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
   * Makes the call; any status is an answer.
   *
   * @param \Causeway\Client $client
   *   The connection.
   * @param int|null $totalMs
   *   Bounds the whole call in place of the connection's total timeout.
   *
   * @throws \Causeway\Exception\CausewayException
   *   When there is no answer.
   */
  public function send(Client $client, ?int $totalMs = NULL): Response {
    $timeouts = $totalMs === NULL ? [] : ['timeouts' => ['total_ms' => $totalMs]];
    return $client->request($this->method, $this->uri, $this->options + $timeouts);
  }

  /**
   * The answer with the vendor's own reason phrase, fields and bytes.
   */
  public static function answer(Response $response, ResponseFactoryInterface $responses, StreamFactoryInterface $streams): ResponseInterface {
    $body = $streams->createStream($response->text());
    $body->rewind();
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
   * The body's bytes.
   */
  private static function bodyOf(RequestInterface $request): string {
    try {
      $body = $request->getBody();
      if ($body->isSeekable()) {
        $body->rewind();
      }
      return $body->getContents();
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

  /**
   * Refuses a field that contradicts what will be sent.
   */
  private static function refuseUnlessSame(string $field, string $given, string $sent): void {
    if (strcasecmp($given, $sent) !== 0) {
      throw new UnsendableException("The field $field would be wrong: the transport decides it, and it would say otherwise.");
    }
  }

}
