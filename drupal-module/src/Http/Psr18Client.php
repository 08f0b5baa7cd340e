<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Client;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;

/**
 * A connection as a PSR-18 client, for libraries that want one.
 *
 * Deadline, retries, breaker and credentials are the connection's. Statuses and
 * redirects come back as the vendor sent them, but for one: an answer whose
 * Retry-After lies beyond the deadline is the ClientException of a throttled
 * call. A URI may be relative to the connection's base URI. Needs the
 * extension, psr/http-client and a PSR-17 implementation; nothing of Drupal.
 *
 * @see https://www.php-fig.org/psr/psr-18/
 *
 * @license MIT OR Apache-2.0
 */
final readonly class Psr18Client implements ClientInterface {

  /**
   * Makes PSR-18's exceptions.
   */
  private ErrorMap $errors;

  /**
   * A client for one connection.
   *
   * @param \Causeway\Client $client
   *   The connection.
   * @param \Psr\Http\Message\ResponseFactoryInterface $responses
   *   Makes the answers.
   * @param \Psr\Http\Message\StreamFactoryInterface $streams
   *   Makes their bodies.
   * @param bool $isStreamed
   *   Bodies come from the vendor while they are read, once; else they are held
   *   in memory, and one that breaks off is a failure of the call.
   */
  public function __construct(
    private Client $client,
    private ResponseFactoryInterface $responses,
    private StreamFactoryInterface $streams,
    private bool $isStreamed = FALSE,
  ) {
    $this->errors = new ErrorMap();
  }

  /**
   * Sends the request under the connection's policies.
   *
   * @throws \Drupal\causeway\Http\Exception\NetworkException
   *   When no complete answer came; the previous exception says what is known.
   * @throws \Drupal\causeway\Http\Exception\RequestException
   *   When the request cannot be sent as it is; nothing was sent.
   * @throws \Drupal\causeway\Http\Exception\ClientException
   *   When a policy refused the call: breaker, switch, throttle, token, limits.
   */
  public function sendRequest(RequestInterface $request): ResponseInterface {
    try {
      $response = Call::of($request, $this->isStreamed ? ['stream' => TRUE] : [])->send($this->client);
      return Call::answer($response, $this->responses, $this->isStreamed ? NULL : $this->streams);
    }
    catch (\RuntimeException | \InvalidArgumentException $e) {
      throw $this->errors->psr18($e, $request);
    }
  }

}
