<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Response;

/**
 * What a product costs: price, discount and tax, by three REST calls or by one persisted query.
 */
final class Prices {

  private const QUERY = <<<'GRAPHQL'
    query Price($id: ID!) { product(id: $id) { price { amount_cents currency } discount { percent label } tax { rate_percent country } } }
    GRAPHQL;

  public function __construct(private readonly Shop $shop) {}

  /** The price with the requests, bytes and milliseconds that it took; $via is 'rest' or 'graphql'. */
  public function page(string $id, string $via): Reply {
    $begun = hrtime(TRUE);
    [$price, $responses] = $via === 'graphql' ? $this->byGraphql($id) : $this->byRest($id);
    $ms = (hrtime(TRUE) - $begun) / 1e6;
    return Reply::json(200, json_encode([
      'price' => $price,
      'via' => $via,
      'requests' => array_sum(array_map(static fn (Response $response): int => $response->attempts(), $responses)),
      'bytes' => array_sum(array_map(static fn (Response $response): int => strlen($response->text()), $responses)),
      'ms' => round($ms, 3),
    ], JSON_THROW_ON_ERROR));
  }

  /** @return array{array<string, mixed>, list<Response>} */
  private function byGraphql(string $id): array {
    $response = $this->shop->client('pricing')->graphql('graphql', self::QUERY, ['id' => $id]);
    $product = self::map(self::map($response->json())['data'] ?? [])['product'] ?? [];
    return [self::price(self::map($product)), [$response]];
  }

  /** @return array{array<string, mixed>, list<Response>} */
  private function byRest(string $id): array {
    $client = $this->shop->client('pricing');
    $responses = [
      'price' => $client->get('prices/' . rawurlencode($id)),
      'discount' => $client->get('discounts/' . rawurlencode($id)),
      'tax' => $client->get('taxes/' . rawurlencode($id)),
    ];
    $parts = array_map(static fn (Response $response): array => self::map($response->json()), $responses);
    return [self::price($parts), array_values($responses)];
  }

  /**
   * @param array<string, mixed> $parts
   *
   * @return array<string, mixed>
   */
  private static function price(array $parts): array {
    [$price, $discount, $tax] = [self::map($parts['price'] ?? []), self::map($parts['discount'] ?? []), self::map($parts['tax'] ?? [])];
    $net = $price['amount_cents'] * (100 - $discount['percent']) / 100;
    return [
      'gross_cents' => (int) round($net * (100 + $tax['rate_percent']) / 100),
      'currency' => $price['currency'],
      'discount' => $discount['label'],
      'country' => $tax['country'],
    ];
  }

  /** @return array<string, mixed> */
  private static function map(mixed $value): array {
    return json_decode(json_encode($value, JSON_THROW_ON_ERROR), TRUE, 64, JSON_THROW_ON_ERROR) ?? [];
  }

}
