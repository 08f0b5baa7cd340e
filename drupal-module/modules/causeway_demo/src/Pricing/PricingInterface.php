<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

/**
 * The prices of the shop.
 */
interface PricingInterface {

  /**
   * The price of a product as it was last seen.
   *
   * @throws \Drupal\causeway\Exception\SnapshotUnavailableException
   *   When it was never seen, and cannot be fetched now.
   */
  public function price(string $productId): PriceView;

}
