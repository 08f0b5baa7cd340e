<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Mapping;

/**
 * A line of an order.
 */
final readonly class Line {

  public function __construct(
    public string $sku,
    public int $priceCents,
  ) {}

}
