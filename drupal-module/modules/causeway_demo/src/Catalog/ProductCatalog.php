<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Catalog;

use Drupal\causeway\Snapshot\SnapshotsInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * The products of the catalogue's vendor.
 */
final class ProductCatalog implements ProductCatalogInterface {

  public function __construct(
    #[Autowire(service: 'causeway.snapshots.catalog')]
    private readonly SnapshotsInterface $catalog,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function product(string $id): ProductView {
    return $this->catalog->get('product', $id, ProductView::class);
  }

}
