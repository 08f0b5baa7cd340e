<?php

declare(strict_types=1);

namespace Drupal\causeway;

use Drupal\causeway\Exception\ExtensionMissingException;

/**
 * The PHP extension as this process sees it.
 *
 * The command line and PHP-FPM load different ini files, so each can only
 * answer for itself. Tests replace the service by one with another version.
 */
final class Extension {

  /**
   * The oldest release of the extension that this module works with.
   */
  public const string MINIMUM_VERSION = '0.1.0';

  /**
   * The first release that this module was not made for.
   */
  public const string BELOW_VERSION = '1.0.0';

  public function __construct(
    private readonly string|false|null $version = NULL,
  ) {}

  /**
   * The version that is loaded, NULL when the extension is not.
   */
  public function version(): ?string {
    $version = $this->version ?? phpversion('causeway');
    return $version === FALSE ? NULL : $version;
  }

  /**
   * Why the extension cannot be used: missing, outdated, too_new; else NULL.
   */
  public function problem(): ?string {
    $version = $this->version();
    return match (TRUE) {
      $version === NULL => 'missing',
      version_compare($version, self::MINIMUM_VERSION, '<') => 'outdated',
      version_compare($version, self::BELOW_VERSION, '>=') => 'too_new',
      default => NULL,
    };
  }

  /**
   * Whether calls can be made.
   */
  public function isUsable(): bool {
    return $this->problem() === NULL;
  }

  /**
   * Does nothing when calls can be made.
   *
   * @param string $what
   *   What was wanted, as the beginning of a sentence.
   *
   * @throws \Drupal\causeway\Exception\ExtensionMissingException
   *   When the extension is missing or has another version.
   */
  public function require(string $what): void {
    $problem = $this->problem();
    if ($problem !== NULL) {
      throw ExtensionMissingException::because($what, $problem, $this->version());
    }
  }

}
