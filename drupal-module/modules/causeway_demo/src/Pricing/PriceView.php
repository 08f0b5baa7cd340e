<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

use Drupal\causeway\Snapshot\SnapshotAwareInterface;
use Drupal\causeway\Snapshot\SnapshotAwareTrait;

/**
 * A price as the shop shows it.
 */
final class PriceView implements SnapshotAwareInterface {

  use SnapshotAwareTrait;

  public function __construct(
    public readonly int $amountCents,
    public readonly string $currency,
  ) {}

}
