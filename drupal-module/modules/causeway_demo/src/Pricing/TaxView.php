<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

/**
 * A tax of the pricing service.
 */
final readonly class TaxView {

  public function __construct(
    public float $ratePercent,
    public string $country,
  ) {}

}
