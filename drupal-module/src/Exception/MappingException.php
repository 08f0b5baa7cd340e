<?php

declare(strict_types=1);

namespace Drupal\causeway\Exception;

/**
 * A vendor's JSON does not fit the class that it is to become.
 */
final class MappingException extends \UnexpectedValueException implements CausewayModuleExceptionInterface {

  /**
   * Where in the document: a JSON pointer, '' for its root.
   */
  public string $pointer = '';

  /**
   * Names the place, what is expected there, and the type that is there.
   */
  public static function at(string $pointer, string $expected, mixed $got, ?\Throwable $previous = NULL): self {
    return self::create($pointer, sprintf('expected %s, got %s', $expected, get_debug_type($got)), $previous);
  }

  /**
   * Names the place of a value that is required and not there.
   */
  public static function missing(string $pointer, string $expected): self {
    return self::create($pointer, sprintf('expected %s, which is missing', $expected));
  }

  /**
   * Names the place of a value that its class does not accept.
   */
  public static function refused(string $pointer, \Throwable $previous): self {
    return self::create($pointer, sprintf('the value is not what the class accepts (%s)', get_debug_type($previous)), $previous);
  }

  /**
   * Makes the exception of a place.
   */
  private static function create(string $pointer, string $problem, ?\Throwable $previous = NULL): self {
    $exception = new self(sprintf('At "%s": %s.', $pointer, $problem), 0, $previous);
    $exception->pointer = $pointer;
    return $exception;
  }

}
