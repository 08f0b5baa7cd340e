<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\EventSubscriber\PageExpirySubscriber;
use Drupal\causeway\Inbox\InboxProcessor;
use Drupal\causeway\Snapshot\Snapshots;
use Drupal\causeway\Snapshot\TagInvalidator;
use Drupal\Core\Database\Database;
use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceModifierInterface;
use Drupal\Tests\causeway\Traits\VendorTrait;
use Drupal\Tests\causeway\Traits\WebhookTrait;
use Drupal\Tests\HttpKernelUiHelperTrait;
use Drupal\Tests\Traits\Core\Cache\PageCachePolicyTrait;
use Drupal\user\Entity\Role;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests the way from a page to a vendor and back, on the demo shop.
 */
#[CoversClass(InboxProcessor::class)]
#[CoversClass(PageExpirySubscriber::class)]
#[CoversClass(Snapshots::class)]
#[CoversClass(TagInvalidator::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class ShopTest extends CausewayKernelTestBase implements ServiceModifierInterface {

  use HttpKernelUiHelperTrait;
  use PageCachePolicyTrait;
  use VendorTrait;
  use WebhookTrait;

  /**
   * {@inheritdoc}
   */
  protected static $modules = [
    'system',
    'user',
    'field',
    'text',
    'filter',
    'node',
    'page_cache',
    'causeway',
    'causeway_demo',
  ];

  /**
   * {@inheritdoc}
   */
  public function register(ContainerBuilder $container): void {
    parent::register($container);
    // Tests have a cache in memory; a site's counts invalidations.
    $container->setAlias('cache_factory', 'cache.backend.database')->setPublic(TRUE);
  }

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    // Core also writes a 503 to PHP's own log, which is standard error here.
    ini_set('error_log', '/dev/null');
    $this->installSchema('causeway_demo', ['causeway_demo_effect']);
    $this->installEntitySchema('user');
    $this->installConfig(['system', 'user']);
    Role::load('anonymous')->grantPermission('access content')->save();
    $base_uri = extension_loaded('causeway') ? $this->startVendor() : 'http://127.0.0.1:1/';
    $options = [
      'base_uri' => $base_uri,
      'auth' => NULL,
      'address' => ['allow_private' => TRUE],
      'retry' => ['max_attempts' => 2, 'base_delay_ms' => 1],
      'webhook' => ['secrets' => [self::WEBHOOK_SECRET]],
    ];
    $this->setCausewaySettings([
      'connections' => [
        'catalog' => $options,
        'crm' => $options,
        'pricing' => array_diff_key($options, ['webhook' => 0]),
      ],
    ]);
  }

  /**
   * {@inheritdoc}
   */
  protected function tearDown(): void {
    $this->stopVendor();
    parent::tearDown();
  }

  /**
   * A quote is one persisted query in place of three calls, and the same.
   */
  public function testQuoteIsOneQueryInPlaceOfThreeCalls(): void {
    $this->requireExtension();
    $parts = [
      'price' => ['amount_cents' => 1000, 'currency' => 'EUR'],
      'discount' => ['percent' => 10, 'label' => 'autumn'],
      'tax' => ['rate_percent' => 20, 'country' => 'FI'],
    ];
    $this->vendorHas('graphql', ['data' => ['product' => $parts]]);
    $this->vendorHas('prices/7', $parts['price']);
    $this->vendorHas('discounts/7', $parts['discount']);
    $this->vendorHas('taxes/7', $parts['tax']);

    $by_query = json_decode($this->drupalGet('/shop/quote/7'), TRUE, 8, JSON_THROW_ON_ERROR);
    $this->assertSame(['graphql'], $this->vendorLog());
    $by_rest = json_decode($this->drupalGet('/shop/quote/7', ['query' => ['via' => 'rest']]), TRUE, 8, JSON_THROW_ON_ERROR);

    $this->assertSame(['grossCents' => 1080, 'currency' => 'EUR', 'discount' => 'autumn', 'country' => 'FI'], $by_query['price']);
    $this->assertSame($by_query['price'], $by_rest['price']);
    $this->assertSame(['graphql', 'prices/7', 'discounts/7', 'taxes/7'], $this->vendorLog());
  }

  /**
   * No quote is a 503 that says when to come back, not a crash.
   */
  public function testQuoteOfVendorThatIsDown(): void {
    $this->requireExtension();
    $this->vendorIsDown(TRUE);
    $this->drupalGet('/shop/quote/7');
    $this->assertSession()->statusCodeEquals(503);
    $this->assertSame('5', $this->getSession()->getResponseHeader('retry-after'));
  }

  /**
   * A webhook reaches a page that is cached, and touches no other page.
   */
  public function testWebhookReachesCachedPage(): void {
    $this->requireExtension();
    $this->sell('42', 1234);
    $this->sell('43', 4321);
    $this->assertPage('42', '12.34 EUR', 'MISS');
    $this->assertPage('43', '43.21 EUR', 'MISS');
    $this->assertPage('42', '12.34 EUR', 'HIT');

    $this->sell('42', 999);
    $this->assertPage('42', '12.34 EUR', 'HIT');
    $this->tell('e1', '42');
    $this->assertPage('42', '12.34 EUR', 'HIT');
    $this->assertSame(1, $this->work());
    $this->assertPage('42', '9.99 EUR', 'MISS');
    $this->assertPage('43', '43.21 EUR', 'HIT');
    $this->assertSame(['e1'], $this->effects());
  }

  /**
   * One worker process may change the same product twice.
   */
  public function testTwiceByOneProcess(): void {
    $this->requireExtension();
    $this->sell('42', 100);
    $this->assertPage('42', '1.00 EUR', 'MISS');
    foreach ([200 => 'e1', 300 => 'e2'] as $price => $event) {
      $this->sell('42', $price);
      $this->tell($event, '42');
      $this->assertSame(1, $this->work());
      // As another process would leave it: the page is in the cache.
      $this->assertPage('42', $price / 100 . '.00 EUR', 'MISS');
      $this->assertPage('42', $price / 100 . '.00 EUR', 'HIT');
    }
    $this->assertSame(['e1', 'e2'], $this->effects());
  }

  /**
   * An event has its effect once, however often it is sent.
   */
  public function testDuplicatesHaveNoEffect(): void {
    $this->requireExtension();
    $this->sell('42', 100);
    $this->tell('e1', '42');
    $this->tell('e1', '42');
    $this->assertSame(1, $this->work());
    $this->tell('e1', '42');
    $this->assertSame(0, $this->work());
    $this->assertSame(['e1'], $this->effects());
    $this->assertSame(['products/42'], $this->vendorLog());
  }

  /**
   * A page from a stale snapshot has a banner, and is refreshed afterwards.
   */
  public function testStalePageIsServedThenRefreshed(): void {
    $this->requireExtension();
    $this->sell('42', 100);
    $this->assertPage('42', '1.00 EUR', 'MISS');
    $this->sell('42', 200);
    Database::getConnection()->update('causeway_snapshot')->fields(['due_at_ms' => 1])->execute();
    $this->container->get('cache.page')->deleteAll();
    $html = $this->assertPage('42', '1.00 EUR', 'MISS');
    $this->assertStringContainsString('shop-stale', $html);
    // The refresh after the response has invalidated the page's tags.
    $html = $this->assertPage('42', '2.00 EUR', 'MISS');
    $this->assertStringNotContainsString('shop-stale', $html);
  }

  /**
   * A vendor that is down is not seen by visitors.
   */
  public function testVendorDown(): void {
    $this->requireExtension();
    $this->sell('42', 100);
    $this->assertPage('42', '1.00 EUR', 'MISS');
    $this->vendorIsDown(TRUE);
    Database::getConnection()->update('causeway_snapshot')->fields(['due_at_ms' => 1])->execute();
    $this->container->get('cache.page')->deleteAll();
    $this->assertStringContainsString('shop-stale', $this->assertPage('42', '1.00 EUR', 'MISS'));
    $this->page('shop/product/43');
    $this->assertSession()->statusCodeEquals(503);
  }

  /**
   * Without the extension pages show what is stored, and expire with it.
   */
  public function testStoredSnapshotsNeedNoExtension(): void {
    $this->pretendExtension(FALSE);
    $now_ms = $this->records()->nowMs();
    $this->records()->insert('snapshot', self::record('p', [
      'scope' => 'catalog/product',
      'label' => '42',
      'due_at_ms' => $now_ms + 100_000,
      'payload' => json_encode(self::product('42', 1234)),
    ]));
    $this->assertPage('42', '12.34 EUR', 'MISS');
    $expires = strtotime((string) $this->getSession()->getResponseHeader('Expires'));
    $this->assertEqualsWithDelta($now_ms / 1000 + 100, $expires, 5);
    $this->assertPage('42', '12.34 EUR', 'HIT');
    $this->page('shop/product/43');
    $this->assertSession()->statusCodeEquals(503);
    $this->page('shop/health');
    $this->assertSession()->statusCodeEquals(503);
  }

  /**
   * A stale page is not kept for ever, though it is stale: core would.
   */
  public function testStalePageExpiresSoon(): void {
    $this->pretendExtension(FALSE);
    $this->records()->insert('snapshot', self::record('p', [
      'scope' => 'catalog/product',
      'label' => '42',
      'due_at_ms' => 1,
      'payload' => json_encode(self::product('42', 1234)),
    ]));
    $this->assertStringContainsString('shop-stale', $this->assertPage('42', '12.34 EUR', 'MISS'));
    $expire = (int) Database::getConnection()->select('cache_page', 'c')->fields('c', ['expire'])->execute()->fetchField();
    $this->assertGreaterThan(time() - 60, $expire);
    $this->assertLessThanOrEqual(time() + 5, $expire);
  }

  /**
   * Puts a product on sale at the vendor's.
   */
  private function sell(string $id, int $price_cents): void {
    $this->vendorHas("products/$id", self::product($id, $price_cents));
  }

  /**
   * A product as the vendor has it.
   *
   * @return array<string, mixed>
   *   The entity.
   */
  private static function product(string $id, int $price_cents): array {
    return [
      'id' => (int) $id,
      'sku' => "S$id",
      'name' => "Product $id",
      'price_cents' => $price_cents,
      'currency' => 'EUR',
      'stock' => 3,
    ];
  }

  /**
   * Processes what is due; how many events.
   */
  private function work(): int {
    return $this->container->get(InboxProcessor::class)->process()->processed;
  }

  /**
   * The events that had an effect, in order.
   *
   * @return list<string>
   *   Their ids.
   */
  private function effects(): array {
    return Database::getConnection()->select('causeway_demo_effect', 'e')->fields('e', ['event_id'])->orderBy('id')->execute()->fetchCol();
  }

  /**
   * Gets a page as a new request.
   */
  private function page(string $path): string {
    $this->forgetRequest();
    return $this->drupalGet($path);
  }

  /**
   * Lets core's page cache forget the request before.
   */
  private function forgetRequest(): void {
    $middleware = $this->container->get('http_middleware.page_cache');
    (new \ReflectionProperty($middleware, 'cid'))->setValue($middleware, NULL);
  }

  /**
   * Lets the vendor say that a product has changed.
   */
  private function tell(string $event, string $id): void {
    $this->forgetRequest();
    $response = $this->deliver('catalog', $event, '{"type":"product.updated","data":{"id":"' . $id . '"}}');
    $this->assertSame(202, $response->getStatusCode());
  }

  /**
   * Gets a product page, and asserts price and cache.
   */
  private function assertPage(string $id, string $price, string $cache): string {
    $html = $this->page("shop/product/$id");
    $this->assertSession()->statusCodeEquals(200);
    $this->assertStringContainsString('<span class="price">' . $price . '</span>', $html);
    $this->assertSame($cache, $this->getSession()->getResponseHeader('X-Drupal-Cache'));
    return $html;
  }

}
