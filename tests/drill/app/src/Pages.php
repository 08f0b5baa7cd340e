<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Exception\SnapshotMissingException;
use Causeway\Snapshot;

/**
 * The shop's pages; they render from snapshots and never wait for a vendor that is down.
 */
final class Pages {

  public function __construct(private readonly Shop $shop) {}

  /** A product, with a banner when its data may be out of date. */
  public function product(string $id): Reply {
    $snapshots = $this->shop->snapshots('catalog');
    try {
      $snapshot = $snapshots->get('product', $id);
    }
    catch (SnapshotMissingException) {
      return Reply::html(503, 'Not available', '<p>This product cannot be shown at the moment.</p>', ['Retry-After' => '5']);
    }
    $product = (array) $snapshot->data();
    $body = sprintf(
      '<article data-product="%s" data-version="%s"><h1>%s</h1><p>%s</p><p>%s %s</p><p>%d in stock</p></article>',
      self::text($product['id']), self::text($product['version']), self::text($product['name']), self::text($product['sku']),
      self::text(number_format($product['price_cents'] / 100, 2)), self::text($product['currency']), $product['stock'],
    );
    return Reply::html(200, (string) $product['name'], self::banner($snapshot) . $body, self::caching($snapshot))
      // What get() found stale is fetched when the visitor has the page.
      ->afterwards(static fn (): array => $snapshots->refreshStale());
  }

  /** A contact of the CRM. */
  public function contact(string $id): Reply {
    try {
      $snapshot = $this->shop->snapshots('crm')->get('contact', $id);
    }
    catch (SnapshotMissingException) {
      return Reply::html(503, 'Not available', '<p>This contact cannot be shown at the moment.</p>', ['Retry-After' => '5']);
    }
    $contact = (array) $snapshot->data();
    $body = sprintf(
      '<article data-contact="%s"><h1>%s</h1><p>%s (version %s)</p></article>',
      self::text($contact['id']), self::text($contact['name']), self::text($contact['email']), self::text($contact['version']),
    );
    return Reply::html(200, (string) $contact['name'], self::banner($snapshot) . $body, self::caching($snapshot));
  }

  /** The catalogue's own answer, asked for while the visitor waits: what pages should not do, and what tokens are tested with. */
  public function live(string $id): Reply {
    $response = $this->shop->client('catalog')->get('products/' . rawurlencode($id));
    return Reply::json(200, $response->text(), ['X-Worker' => (string) getmypid()]);
  }

  private static function banner(Snapshot $snapshot): string {
    return $snapshot->isStale() ? '<p role="status">This page may be a little out of date.</p>' : '';
  }

  /** @return array<string, string> */
  private static function caching(Snapshot $snapshot): array {
    return ['Cache-Control' => 'max-age=' . $snapshot->maxAgeS(), 'X-Cache-Tags' => implode(' ', $snapshot->tags())];
  }

  private static function text(mixed $value): string {
    return htmlspecialchars((string) $value, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
  }

}
