<?php

declare(strict_types=1);

namespace Drupal\causeway\Exception;

/**
 * A connection is unknown, or declared in a way that cannot work.
 */
final class ConnectionException extends \InvalidArgumentException implements CausewayModuleExceptionInterface {

  /**
   * The connection's id.
   */
  public string $connection = '';

  /**
   * The file that declares it, relative to the root; '' when there is none.
   */
  public string $file = '';

  /**
   * The option, in dots: 'retry.max_attempts'; '' when it is none.
   */
  public string $field = '';

  /**
   * No module declares this connection.
   *
   * @param string $id
   *   The id that was asked for.
   * @param list<string> $known
   *   The ids that are declared.
   */
  public static function unknown(string $id, array $known): self {
    $exception = new self(sprintf(
      'No connection "%s" is declared; known: %s. A new entry in a *.connections.yml needs a cache rebuild.',
      $id,
      $known ? implode(', ', $known) : 'none',
    ));
    $exception->connection = $id;
    return $exception;
  }

  /**
   * An option has a wrong value, or is no option.
   */
  public static function option(string $id, string $file, string $field, string $problem, ?\Throwable $previous = NULL): self {
    $exception = new self(sprintf(
      'Connection "%s" (%s), option "%s": %s (overrides: $settings[\'causeway\'][\'connections\'][\'%1$s\']).',
      $id,
      $file,
      $field,
      rtrim($problem, '.'),
    ), 0, $previous);
    $exception->connection = $id;
    $exception->file = $file;
    $exception->field = $field;
    return $exception;
  }

}
