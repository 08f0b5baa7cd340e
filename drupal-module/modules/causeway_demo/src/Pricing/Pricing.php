<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

use Drupal\causeway\Snapshot\SnapshotsInterface;

/**
 * The prices of the pricing service.
 */
final class Pricing implements PricingInterface {

  public function __construct(
    private readonly SnapshotsInterface $pricingSnapshots,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function price(string $productId): PriceView {
    return $this->pricingSnapshots->get('price', $productId, PriceView::class);
  }

}
