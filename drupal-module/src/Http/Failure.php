<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Exception\AddressRefusedException;
use Causeway\Exception\CallException;
use Causeway\Exception\ConnectException;
use Causeway\Exception\NetworkException;
use Causeway\Exception\OptionsException;
use Causeway\Exception\TimeoutException;
use Drupal\causeway\Http\Exception\UnsendableException;

/**
 * What a failed call is in the words of PSR-18 and Guzzle.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
enum Failure {

  // No connection came about; nothing was sent.
  case Connect;
  // The connection broke; the vendor may have seen the request.
  case Network;
  // An attempt's time or the call's ran out.
  case Timeout;
  // The request cannot be sent as it is.
  case Request;
  // An option of the call is wrong.
  case Option;
  // Anything else: breaker, switch, throttle, token, limits, interruption.
  case Other;

  /**
   * Sorts what was thrown.
   */
  public static function of(\Throwable $error): self {
    return match (TRUE) {
      $error instanceof ConnectException => self::Connect,
      $error instanceof NetworkException => self::Network,
      $error instanceof TimeoutException => self::Timeout,
      $error instanceof AddressRefusedException, $error instanceof UnsendableException => self::Request,
      // The bare class: the extension could not make a request of it.
      $error::class === CallException::class => self::Request,
      $error instanceof OptionsException => self::Option,
      default => self::Other,
    };
  }

}
