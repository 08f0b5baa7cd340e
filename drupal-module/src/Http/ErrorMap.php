<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Drupal\causeway\Http\Exception\ClientException;
use Drupal\causeway\Http\Exception\NetworkException;
use Drupal\causeway\Http\Exception\RequestException;
use GuzzleHttp\ClientInterface;
use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Exception\GuzzleException;
use GuzzleHttp\Exception\InvalidArgumentException;
use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * From a failed call to the exception that PSR-18 or Guzzle promises.
 *
 * The only place that knows Guzzle 7 from 8. Version 7 has one class for all
 * failures without an answer, ConnectException, as its own handlers use it;
 * version 8 tells broken connections and time-outs from it. The cause is always
 * the previous exception, and says whether the request was sent.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final class ErrorMap {

  /**
   * One of PSR-18's three.
   */
  public function psr18(\Throwable $error, RequestInterface $request): ClientExceptionInterface {
    return match (Failure::of($error)) {
      Failure::Connect, Failure::Network, Failure::Timeout => new NetworkException($request, $error),
      Failure::Request, Failure::Option => new RequestException($request, $error),
      Failure::Other => new ClientException($request, $error),
    };
  }

  /**
   * Guzzle's, where no answer is to be shown.
   */
  public function guzzle(\Throwable $error, RequestInterface $request): GuzzleException {
    $message = $error->getMessage();
    $is7 = $this->isGuzzle7();
    return match (Failure::of($error)) {
      Failure::Connect => new ConnectException($message, $request, $error),
      Failure::Network => $this->make($is7 ? 'ConnectException' : 'NetworkException', $message, $request, $error),
      Failure::Timeout => $this->make($is7 ? 'ConnectException' : 'NetworkTimeoutException', $message, $request, $error),
      Failure::Request => $this->make('RequestException', $message, $request, $is7 ? NULL : 0, $error),
      Failure::Option => new InvalidArgumentException($message, 0, $error),
      Failure::Other => $is7
        ? $this->make('TransferException', $message, 0, $error)
        : $this->make('TransferException', $message, $request, 0, $error),
    };
  }

  /**
   * Guzzle's, where the vendor answered and our side failed afterwards.
   */
  public function afterAnswer(string $message, RequestInterface $request, ResponseInterface $response, ?\Throwable $error = NULL): GuzzleException {
    return $this->make($this->isGuzzle7() ? 'RequestException' : 'ResponseException', $message, $request, $response, $error);
  }

  /**
   * Makes an exception by name: no one version has all classes and signatures.
   */
  private function make(string $name, mixed ...$arguments): GuzzleException {
    /** @var class-string<\GuzzleHttp\Exception\TransferException> $class */
    $class = 'GuzzleHttp\Exception\\' . $name;
    return new $class(...$arguments);
  }

  /**
   * Whether the installed Guzzle is of version 7.
   */
  private function isGuzzle7(): bool {
    return constant(ClientInterface::class . '::MAJOR_VERSION') === 7;
  }

}
