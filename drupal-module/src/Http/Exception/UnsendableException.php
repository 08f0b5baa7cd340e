<?php

declare(strict_types=1);

namespace Drupal\causeway\Http\Exception;

/**
 * A PSR-7 request that cannot be sent as it is; nothing was sent.
 *
 * @license MIT OR Apache-2.0
 */
final class UnsendableException extends \InvalidArgumentException {}
