<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

use Causeway\Client;
use Drupal\causeway\Mapping\Mapper;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * Quotes of the pricing service, over an injected client.
 */
final class Quotes implements QuotesInterface {

  private const QUERY = 'query Quote($id: ID!) { product(id: $id) { price { amount_cents currency } discount { percent label } tax { rate_percent country } } }';

  public function __construct(
    #[Autowire(service: 'causeway.client.pricing')]
    private readonly Client $pricing,
    private readonly Mapper $mapper,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function quote(string $product_id): QuoteView {
    $answer = $this->pricing->graphql('graphql', self::QUERY, ['id' => $product_id])->json();
    return $this->map($answer['data']['product'] ?? []);
  }

  /**
   * {@inheritdoc}
   */
  public function quoteByRest(string $product_id): QuoteView {
    $id = rawurlencode($product_id);
    return $this->map([
      'price' => $this->pricing->get("prices/$id")->json(),
      'discount' => $this->pricing->get("discounts/$id")->json(),
      'tax' => $this->pricing->get("taxes/$id")->json(),
    ]);
  }

  /**
   * A quote of the three parts.
   *
   * @param array<string, mixed> $parts
   *   Price, discount and tax as they were answered.
   */
  private function map(array $parts): QuoteView {
    return QuoteView::of(
      $this->mapper->map($parts['price'] ?? NULL, PriceView::class, '/price'),
      $this->mapper->map($parts['discount'] ?? NULL, DiscountView::class, '/discount'),
      $this->mapper->map($parts['tax'] ?? NULL, TaxView::class, '/tax'),
    );
  }

}
