<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

/**
 * What a product costs in the end: price, discount and tax in one.
 */
final readonly class QuoteView {

  public function __construct(
    public int $grossCents,
    public string $currency,
    public string $discount,
    public string $country,
  ) {}

  /**
   * The quote that follows from the vendor's three answers.
   */
  public static function of(PriceView $price, DiscountView $discount, TaxView $tax): self {
    $net_cents = $price->amountCents * (100 - $discount->percent) / 100;
    return new self(
      (int) round($net_cents * (100 + $tax->ratePercent) / 100),
      $price->currency,
      $discount->label,
      $tax->country,
    );
  }

}
