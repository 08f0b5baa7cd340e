<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Catalog;

use Drupal\causeway\Snapshot\SnapshotAwareInterface;
use Drupal\causeway\Snapshot\SnapshotAwareTrait;

/**
 * A product as the shop shows it.
 */
final class ProductView implements SnapshotAwareInterface {

  use SnapshotAwareTrait;

  public function __construct(
    public readonly int|string $id,
    public readonly string $sku,
    public readonly string $name,
    public readonly int $priceCents,
    public readonly string $currency,
    public readonly int $stock,
  ) {}

}
