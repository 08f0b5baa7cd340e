<?php

declare(strict_types=1);

namespace Drupal\causeway\Http\Exception;

use Psr\Http\Client\ClientExceptionInterface;

/**
 * The connection's policies refused the call, or an answer broke their limits.
 *
 * @license MIT OR Apache-2.0
 */
final class ClientException extends \RuntimeException implements ClientExceptionInterface {

  use RequestAwareTrait;

}
