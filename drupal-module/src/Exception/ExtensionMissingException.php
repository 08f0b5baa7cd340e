<?php

declare(strict_types=1);

namespace Drupal\causeway\Exception;

use Drupal\causeway\Extension;

/**
 * Something needs the PHP extension, which is not there or does not fit.
 */
final class ExtensionMissingException extends \RuntimeException implements CausewayModuleExceptionInterface {

  /**
   * Says what was wanted, and what is wrong with the extension.
   */
  public static function because(string $what, string $problem, ?string $version): self {
    $fault = match ($problem) {
      'outdated' => sprintf('version %s is too old', $version),
      'too_new' => sprintf('version %s is too new', $version),
      default => 'it is not loaded',
    };
    return new self(sprintf(
      '%s needs the PHP extension "causeway" (%s or later, below %s): %s in %s (ini files: %s).',
      $what,
      Extension::MINIMUM_VERSION,
      Extension::BELOW_VERSION,
      $fault,
      PHP_SAPI,
      php_ini_loaded_file() ?: 'none',
    ));
  }

}
