<?php

/**
 * @file
 * Switches a vendor off and on; prints the time at which it was asked to, Unix milliseconds.
 *
 * php switch.php pause|resume CONNECTION
 */

declare(strict_types=1);

namespace Shop;

/** @var Shop $shop */
$shop = require __DIR__ . '/bootstrap.php';
[, $verb, $connection] = $argv + ['', '', ''];
$switches = $shop->switches();

$atMs = (int) (microtime(TRUE) * 1000);
match ($verb) {
  'pause' => $switches->pause($connection, 'the drill'),
  'resume' => $switches->resume($connection),
  default => throw new \DomainException('php switch.php pause|resume CONNECTION'),
};
echo json_encode(['at_ms' => $atMs, 'switches' => $switches->all()], JSON_THROW_ON_ERROR), "\n";
