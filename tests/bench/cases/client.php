<?php

/**
 * @file
 * Our client as the rows use it: every policy on, and a store behind it, so that the switch is looked at.
 */

declare(strict_types=1);

/** @param array<string, mixed> $arguments base_uri, store; ca_file, options. */
return static fn (array $arguments): Causeway\Client => new Causeway\Client('bench', ($arguments['options'] ?? []) + [
    'base_uri' => $arguments['base_uri'],
    'address' => ['allow_private' => true],
] + (isset($arguments['ca_file']) ? ['tls' => ['ca_file' => $arguments['ca_file']]] : []) + require __DIR__ . '/every-policy.php', new Causeway\Store\SqliteStore($arguments['store']));
