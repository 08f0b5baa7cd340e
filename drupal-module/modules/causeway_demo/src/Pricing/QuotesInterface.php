<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Pricing;

/**
 * Quotes that the pricing service is asked for while the visitor waits.
 */
interface QuotesInterface {

  /**
   * The quote by one persisted GraphQL query.
   *
   * @throws \Causeway\Exception\CallException
   *   When the vendor gave no usable answer.
   */
  public function quote(string $product_id): QuoteView;

  /**
   * The same by three REST calls, for comparison.
   *
   * @throws \Causeway\Exception\CallException
   *   When the vendor gave no usable answer.
   */
  public function quoteByRest(string $product_id): QuoteView;

}
