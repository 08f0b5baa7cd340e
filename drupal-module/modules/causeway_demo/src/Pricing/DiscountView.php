<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

/**
 * A discount of the pricing service.
 */
final readonly class DiscountView {

  public function __construct(
    public float $percent,
    public string $label,
  ) {}

}
