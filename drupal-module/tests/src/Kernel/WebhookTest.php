<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Controller\WebhookController;
use Drupal\causeway\Inbox\Inbox;
use Drupal\Core\Database\Database;
use Drupal\Tests\causeway\Traits\WebhookTrait;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests what senders of webhooks are told.
 */
#[CoversClass(WebhookController::class)]
#[CoversClass(Inbox::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class WebhookTest extends CausewayKernelTestBase {

  use WebhookTrait;

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->setCausewaySettings(['connections' => ['parts' => ['webhook' => ['secrets' => [self::WEBHOOK_SECRET]]]]]);
  }

  /**
   * Recorded once; repeated without effect; kept apart when it differs.
   */
  public function testRecordsOnce(): void {
    $this->requireExtension();
    $this->assertSame([202, 'recorded', NULL], $this->said($this->deliver('parts', 'e1', '{"data":{"id":"1"}}')));
    $this->assertSame([202, 'duplicate', NULL], $this->said($this->deliver('parts', 'e1', '{"data":{"id":"1"}}')));
    $this->assertSame([202, 'conflict', NULL], $this->said($this->deliver('parts', 'e1', '{"data":{"id":"2"}}')));
    $states = array_column($this->records()->counts('inbox'), 'count', 'state');
    $this->assertSame(['conflict' => 1, 'pending' => 1], $states);
  }

  /**
   * What was not sent by the vendor is refused with its reason, and not kept.
   */
  public function testRefusesForgeries(): void {
    $this->requireExtension();
    $body = '{"data":{"id":"1"}}';
    $other = 'whsec_' . base64_encode('another secret of the same kind!');
    $this->assertSame([401, 'refused', 'no_match'], $this->said($this->deliver('parts', 'e1', $body, secret: $other)));
    $this->assertSame([401, 'refused', 'timestamp_too_old'], $this->said($this->deliver('parts', 'e1', $body, time() - 3600)));
    $this->assertSame([401, 'refused', 'timestamp_in_future'], $this->said($this->deliver('parts', 'e1', $body, time() + 3600)));
    [$status, $verdict, $reason] = $this->said($this->send('parts', $body, []));
    $this->assertContains($status, [400, 401]);
    $this->assertSame(['refused', 'missing_header'], [$verdict, $reason]);
    $this->assertSame([], $this->records()->counts('inbox'));
  }

  /**
   * An answer must not be kept by anyone.
   */
  public function testAnswersAreNotCached(): void {
    $this->requireExtension();
    $response = $this->deliver('parts', 'e1', '{"data":{"id":"1"}}');
    $this->assertStringContainsString('no-cache', (string) $response->headers->get('Cache-Control'));
  }

  /**
   * A connection that is not there, or gets no webhooks, is no secret.
   */
  public function testUnknownConnection(): void {
    $this->assertSame([404, 'refused', 'unknown_connection'], $this->said($this->send('nope', '{}', [])));
    $this->assertSame([404, 'refused', 'unknown_connection'], $this->said($this->send('plain', '{}', [])));
  }

  /**
   * Without the extension the sender is asked to repeat.
   */
  public function testMissingExtension(): void {
    $this->pretendExtension(FALSE);
    $response = $this->deliver('parts', 'e1', '{"data":{"id":"1"}}');
    $this->assertSame([503, 'unavailable', 'extension_missing'], $this->said($response));
    $this->assertSame('120', $response->headers->get('Retry-After'));
  }

  /**
   * With a bad option, too: it is the site's fault.
   */
  public function testBadOption(): void {
    $this->requireExtension();
    $this->setCausewaySettings(['connections' => ['parts' => ['webhook' => ['scheme' => 'none-such']]]]);
    $response = $this->deliver('parts', 'e1', '{"data":{"id":"1"}}');
    $this->assertSame([503, 'unavailable', 'bad_option'], $this->said($response));
    $this->assertSame('120', $response->headers->get('Retry-After'));
  }

  /**
   * A database that cannot store it is a 503, and the sender repeats.
   */
  public function testStoreFails(): void {
    $this->requireExtension();
    Database::getConnection()->schema()->dropTable('causeway_inbox');
    $response = $this->deliver('parts', 'e1', '{"data":{"id":"1"}}');
    $this->assertSame([503, 'unavailable', 'unavailable'], $this->said($response));
    $this->assertSame('30', $response->headers->get('Retry-After'));
  }

}
