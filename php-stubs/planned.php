<?php

/**
 * @file
 * Names that were chosen and are not built yet.
 *
 * Read by generate.php, which adds them to causeway.php, and never loaded. A class that is planned
 * as a whole says @planned in its own doc; in a class that exists, each member says it. What the
 * extension has in the meantime must leave this file: generate.php complains.
 */

declare(strict_types=1);

namespace Causeway {

  /** Write-behind. @planned */
  final class Outbox {
    public function __construct(Client $client, array $options = []) {}
    public function send(string $method, string $uri, array $options = []): string {}
    public function cancel(string $id): bool {}
    public function process(int $limit = 50): array {}
    public function deadLetters(int $limit = 100): array {}
    public function replay(string $id): bool {}
  }

  /** Runs inbox, outbox, refresh and backfill in one loop. @planned */
  final class Worker {
    public function __construct(array $connections, array $options = []) {}
    public function run(): array {}
  }
}
