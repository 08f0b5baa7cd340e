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
 * redirects come back as the vendor sent them. A URI may be relative to the
 * connection's base URI. Needs the extension, psr/http-client and a PSR-17
 * implementation; nothing of Drupal.
 *
 * @see https://www.php-fig.org/psr/psr-18/
 *
 * @license MIT OR Apache-2.0
 */
final readonly class Psr18Client implements ClientInterface {

  private ErrorMap $errors;

  public function __construct(
    private Client $client,
    private ResponseFactoryInterface $responses,
    private StreamFactoryInterface $streams,
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
      return Call::answer(Call::of($request)->send($this->client), $this->responses, $this->streams);
    }
    catch (\RuntimeException | \InvalidArgumentException $e) {
      throw $this->errors->psr18($e, $request);
    }
  }

}
