<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Client;
use Causeway\Exception\CallException;
use Causeway\Response;
use GuzzleHttp\Promise\Create;
use GuzzleHttp\Promise\PromiseInterface;
use GuzzleHttp\Psr7\FnStream;
use GuzzleHttp\Psr7\HttpFactory;
use GuzzleHttp\Psr7\LazyOpenStream;
use GuzzleHttp\Psr7\Utils;
use GuzzleHttp\TransferStats;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * A connection as a handler of Guzzle 7 and 8, for SDKs built on Guzzle.
 *
 * Use: new GuzzleHttp\Client(['handler' => HandlerStack::create(new
 * GuzzleHandler($client))]). Redirects, cookies and http_errors are the
 * stack's; deadline, retries, breaker and credentials are the connection's, so
 * leave Guzzle's retry middleware out. The call is made at once, so requests of
 * a pool follow one another. GuzzleOptions says what becomes of each option.
 *
 * @see https://docs.guzzlephp.org/en/stable/handlers-and-middleware.html
 *
 * @license MIT OR Apache-2.0
 */
final readonly class GuzzleHandler {

  private const MS_TO_US = 1000;

  private const MS_TO_S = 0.001;

  private ErrorMap $errors;

  /**
   * A handler for one connection.
   *
   * @param \Causeway\Client $client
   *   The connection.
   * @param list<string> $ownOptions
   *   Names of request options that belong to the application's middleware;
   *   the handler passes over them.
   */
  public function __construct(
    private Client $client,
    private array $ownOptions = [],
  ) {
    $this->errors = new ErrorMap();
  }

  /**
   * Sends the request; failures are rejections.
   *
   * @param \Psr\Http\Message\RequestInterface $request
   *   Its URI may be relative to the connection's base URI.
   * @param array<string, mixed> $options
   *   Guzzle's request options.
   *
   * @throws \GuzzleHttp\Exception\InvalidArgumentException
   *   For an option that cannot be honoured; nothing was sent.
   */
  public function __invoke(RequestInterface $request, array $options): PromiseInterface {
    $taken = GuzzleOptions::of($options, $request, $this->ownOptions);
    usleep($taken->delayMs * self::MS_TO_US);
    $factory = new HttpFactory();
    try {
      $native = Call::of($request)->send($this->client, $taken->totalMs);
      $response = Call::answer($native, $options['response_factory'] ?? $factory, $options['stream_factory'] ?? $factory);
    }
    catch (\RuntimeException | \InvalidArgumentException $e) {
      $elapsedMs = $e instanceof CallException ? $e->elapsedMs : 0;
      $this->tell($taken, new TransferStats($request, NULL, $elapsedMs * self::MS_TO_S, $e));
      return Create::rejectionFor($this->errors->guzzle($e, $request));
    }
    return $this->deliver($request, $response, $native, $taken);
  }

  /**
   * Hands the answer out in the order that Guzzle promises.
   */
  private function deliver(RequestInterface $request, ResponseInterface $response, Response $native, GuzzleOptions $taken): PromiseInterface {
    $failure = NULL;
    try {
      $step = 'An error was encountered during the on_headers event';
      if ($taken->onHeaders !== NULL) {
        ($taken->onHeaders)($response, $request);
      }
      $step = 'The answer is encoded and cannot be decoded';
      self::refuseEncoded($response, $taken);
      $step = 'The body could not be written to the sink';
      $response = self::drain($response, $taken->sink);
    }
    catch (\Exception $e) {
      $failure = $this->errors->afterAnswer($step, $request, $response, $e);
    }
    $facts = ['attempts' => $native->attempts(), 'correlation_id' => $native->correlationId()];
    $this->tell($taken, new TransferStats($request, $response, $native->elapsedMs() * self::MS_TO_S, $failure, $facts));
    return $failure === NULL ? Create::promiseFor($response) : Create::rejectionFor($failure);
  }

  /**
   * Nobody gets compressed bytes who wanted them decoded.
   */
  private static function refuseEncoded(ResponseInterface $response, GuzzleOptions $taken): void {
    $encoding = strtolower($response->getHeaderLine('Content-Encoding'));
    if ($taken->decode && !in_array($encoding, ['', 'identity'], TRUE) && $response->getBody()->getSize() !== 0) {
      throw new \UnexpectedValueException('The body is encoded, and decode_content is not FALSE.');
    }
  }

  /**
   * Writes the body where the caller wants it; the sink becomes the body.
   */
  private static function drain(ResponseInterface $response, mixed $sink): ResponseInterface {
    if ($sink === NULL) {
      return $response;
    }
    $stream = is_string($sink) ? new LazyOpenStream($sink, 'w+') : Utils::streamFor($sink);
    if (is_resource($sink)) {
      // The resource stays the caller's, also when the answer is forgotten.
      $detach = static function () use ($stream): void {
        $stream->detach();
      };
      $stream = FnStream::decorate($stream, ['close' => $detach]);
    }
    Utils::copyToStream($response->getBody(), $stream);
    if ($stream->isSeekable()) {
      $stream->rewind();
    }
    return $response->withBody($stream);
  }

  /**
   * Calls on_stats; what it throws is not ours.
   */
  private function tell(GuzzleOptions $taken, TransferStats $stats): void {
    if ($taken->onStats !== NULL) {
      ($taken->onStats)($stats);
    }
  }

}
