<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Controller;

use Causeway\Exception\CallException;
use Drupal\causeway_demo\Pricing\QuotesInterface;
use Symfony\Component\HttpFoundation\JsonResponse;
use Symfony\Component\HttpFoundation\Request;

/**
 * A quote as JSON, with the time that asking for it took.
 *
 * The one address of the shop that does wait for its vendor: a quote is made
 * for the moment. ?via=rest asks by three calls in place of one query.
 */
final class QuoteController {

  public function __construct(
    private readonly QuotesInterface $quotes,
  ) {}

  /**
   * The quote; 503 with Retry-After when the vendor gives none.
   */
  public function __invoke(Request $request, string $id): JsonResponse {
    $begun_ns = hrtime(TRUE);
    try {
      $quote = $request->query->get('via') === 'rest' ? $this->quotes->quoteByRest($id) : $this->quotes->quote($id);
    }
    catch (CallException $e) {
      $retry_after_s = max(1, (int) ceil(($e->retryAfterMs ?? 5000) / 1000));
      return new JsonResponse(['problem' => 'no_quote'], 503, ['Retry-After' => $retry_after_s]);
    }
    return new JsonResponse([
      'price' => $quote,
      'ms' => round((hrtime(TRUE) - $begun_ns) / 1e6, 3),
    ]);
  }

}
