<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Client;
use Causeway\PendingCall;
use Causeway\Response;
use GuzzleHttp\Exception\GuzzleException;
use GuzzleHttp\Promise\Create;
use GuzzleHttp\Promise\Promise;
use GuzzleHttp\Promise\PromiseInterface;
use GuzzleHttp\Psr7\HttpFactory;
use Psr\Http\Message\RequestInterface;

/**
 * A connection as a handler of Guzzle 7 and 8, for SDKs built on Guzzle.
 *
 * Use: new GuzzleHttp\Client(['handler' => HandlerStack::create(new
 * GuzzleHandler($client))]). Redirects, cookies and http_errors are the
 * stack's; deadline, retries, breaker and credentials are the connection's, so
 * leave Guzzle's retry middleware out. Asynchronous requests run in the
 * background, side by side, from the moment they are made. GuzzleOptions says
 * what becomes of each option.
 *
 * @see https://docs.guzzlephp.org/en/stable/handlers-and-middleware.html
 *
 * @license MIT OR Apache-2.0
 */
final readonly class GuzzleHandler {

  private const MS_TO_US = 1000;

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
  ) {}

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
  public function __invoke(RequestInterface $request, #[\SensitiveParameter] array $options): PromiseInterface {
    $taken = GuzzleOptions::of($options, $request, $this->ownOptions);
    $factory = new HttpFactory();
    $transfer = new GuzzleTransfer($request, $taken, $options['response_factory'] ?? $factory, $options['stream_factory'] ?? $factory);
    usleep($taken->delayMs * self::MS_TO_US);
    // What is watched or streamed is read by PHP while it comes.
    $isOpen = $taken->isWatched() || $taken->isStream();
    try {
      $call = Call::of($request, $taken->call + ($isOpen ? ['stream' => TRUE] : []));
      if (!$taken->isSynchronous && !$isOpen && $call->isWhole()) {
        return $this->promise($transfer, $call->start($this->client));
      }
    }
    catch (\RuntimeException | \InvalidArgumentException $e) {
      return Create::rejectionFor($transfer->failed($e));
    }
    try {
      return Create::promiseFor($transfer->complete(fn (): Response => $call->send($this->client)));
    }
    catch (GuzzleException $e) {
      return Create::rejectionFor($e);
    }
  }

  /**
   * What a call in the background will have come to.
   */
  private function promise(GuzzleTransfer $transfer, PendingCall $pending): PromiseInterface {
    $promise = new Promise(static function () use (&$promise, $transfer, $pending): void {
      try {
        $promise->resolve($transfer->complete($pending->wait(...)));
      }
      catch (GuzzleException $e) {
        $promise->reject($e);
      }
    }, $pending->cancel(...));
    return $promise;
  }

}
