<?php

declare(strict_types=1);

namespace Drupal\causeway\Exception;

/**
 * Implemented by every exception that the module itself throws.
 *
 * What the extension throws implements \Causeway\Exception\CausewayException.
 */
interface CausewayModuleExceptionInterface extends \Throwable {}
