<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Catalog;

/**
 * The products of the shop.
 */
interface ProductCatalogInterface {

  /**
   * A product as it was last seen.
   *
   * @throws \Drupal\causeway\Exception\SnapshotUnavailableException
   *   When it was never seen, and cannot be fetched now.
   */
  public function product(string $id): ProductView;

}
