<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Controller;

use Drupal\causeway\Exception\SnapshotUnavailableException;
use Drupal\causeway\Snapshot\SnapshotAwareInterface;
use Drupal\causeway_demo\Catalog\ProductCatalogInterface;
use Drupal\causeway_demo\Contacts\ContactBookInterface;
use Drupal\causeway_demo\Pricing\PricingInterface;
use Drupal\Core\Cache\CacheableMetadata;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Symfony\Component\HttpKernel\Exception\ServiceUnavailableHttpException;

/**
 * The pages of the shop. None of them waits for a vendor that is down.
 */
final class ShopController {

  use StringTranslationTrait;

  public function __construct(
    private readonly ProductCatalogInterface $products,
    private readonly PricingInterface $prices,
    private readonly ContactBookInterface $contacts,
  ) {}

  /**
   * A product.
   *
   * @return array<string, mixed>
   *   The page.
   */
  public function product(string $id): array {
    $product = $this->seen(fn () => $this->products->product($id));
    return $this->page($product, [
      'name' => $this->text('h2', 'product-name', $product->name),
      'price' => $this->text('span', 'price', $this->money($product->priceCents, $product->currency)),
      'stock' => $this->text('span', 'stock', (string) $product->stock),
    ]);
  }

  /**
   * A price.
   *
   * @return array<string, mixed>
   *   The page.
   */
  public function price(string $id): array {
    $price = $this->seen(fn () => $this->prices->price($id));
    return $this->page($price, [
      'price' => $this->text('span', 'price', $this->money($price->amountCents, $price->currency)),
    ]);
  }

  /**
   * A contact.
   *
   * @return array<string, mixed>
   *   The page.
   */
  public function contact(string $id): array {
    $contact = $this->seen(fn () => $this->contacts->contact($id));
    return $this->page($contact, [
      'name' => $this->text('h2', 'contact-name', $contact->name),
      'email' => $this->text('span', 'contact-email', $contact->email),
      'version' => $this->text('span', 'contact-version', (string) $contact->version),
    ]);
  }

  /**
   * What was never seen and cannot be fetched now is a 503, not a crash.
   *
   * @param callable(): T $read
   *   Reads it.
   *
   * @return T
   *   What was read.
   *
   * @template T of \Drupal\causeway\Snapshot\SnapshotAwareInterface
   */
  private function seen(callable $read): SnapshotAwareInterface {
    try {
      return $read();
    }
    catch (SnapshotUnavailableException $e) {
      throw new ServiceUnavailableHttpException(5, 'This part of the shop is not available at the moment.', $e);
    }
  }

  /**
   * A page with the cacheability of what it shows, and a banner when stale.
   *
   * @param \Drupal\causeway\Snapshot\SnapshotAwareInterface $seen
   *   What it shows.
   * @param array<string, mixed> $content
   *   How it shows it.
   *
   * @return array<string, mixed>
   *   The page.
   */
  private function page(SnapshotAwareInterface $seen, array $content): array {
    $build = $content;
    if ($seen->isStale()) {
      $build = ['banner' => $this->text('div', 'shop-stale', (string) $this->t('This may be out of date.'))] + $build;
    }
    CacheableMetadata::createFromObject($seen)->applyTo($build);
    return $build;
  }

  /**
   * One element with text.
   *
   * @return array<string, mixed>
   *   A render array.
   */
  private function text(string $tag, string $class, string $text): array {
    return [
      '#type' => 'html_tag',
      '#tag' => $tag,
      '#attributes' => ['class' => [$class]],
      'text' => ['#plain_text' => $text],
    ];
  }

  /**
   * An amount as text.
   */
  private function money(int $cents, string $currency): string {
    return sprintf('%d.%02d %s', intdiv($cents, 100), $cents % 100, $currency);
  }

}
