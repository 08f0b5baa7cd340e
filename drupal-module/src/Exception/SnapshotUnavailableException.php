<?php

declare(strict_types=1);

namespace Drupal\causeway\Exception;

/**
 * There is no snapshot, and none could be fetched.
 */
final class SnapshotUnavailableException extends \RuntimeException implements CausewayModuleExceptionInterface {

  /**
   * Says which snapshot is missing, and why it was not fetched.
   */
  public static function missing(string $connection, string $resource, string $id, string $reason, ?\Throwable $previous = NULL): self {
    return new self(sprintf('No snapshot of %s %s from "%s": %s', $resource, $id, $connection, $reason), 0, $previous);
  }

}
