<?php

declare(strict_types=1);

namespace Drupal\causeway\Http\Exception;

use Psr\Http\Client\NetworkExceptionInterface;

/**
 * No complete answer came: no connection, a broken one, or no time left.
 *
 * @license MIT OR Apache-2.0
 */
final class NetworkException extends \RuntimeException implements NetworkExceptionInterface {

  use RequestAwareTrait;

}
