<?php

declare(strict_types=1);

namespace Drupal\causeway\Http\Exception;

use Psr\Http\Client\RequestExceptionInterface;

/**
 * The request cannot be sent as it is, or not to this address.
 *
 * @license MIT OR Apache-2.0
 */
final class RequestException extends \RuntimeException implements RequestExceptionInterface {

  use RequestAwareTrait;

}
