<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Hook\CausewayHooks;
use Drupal\causeway\Outbox\Outboxes;
use Drupal\causeway\Plugin\QueueWorker\InboxWorker;
use Drupal\causeway\Plugin\QueueWorker\UpkeepWorker;
use Drupal\causeway\Store\Retention;
use Drupal\Core\Queue\SuspendQueueException;
use Drupal\Tests\causeway\Traits\VendorTrait;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests how cron looks after the inbox.
 */
#[CoversClass(CausewayHooks::class)]
#[CoversClass(InboxWorker::class)]
#[CoversClass(Retention::class)]
#[CoversClass(UpkeepWorker::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class QueueTest extends CausewayKernelTestBase {

  use VendorTrait;

  /**
   * One item for each connection, only when something is due, never twice.
   */
  public function testCronEnqueuesOnce(): void {
    $this->pretendExtension('0.1.0');
    $this->cron();
    $queue = $this->container->get('queue')->get(InboxWorker::QUEUE);
    $this->assertSame(0, $queue->numberOfItems());
    $this->records()->insert('inbox', self::record('a'));
    $this->cron();
    $this->cron();
    $this->assertSame(1, $queue->numberOfItems());
    $item = $queue->claimItem();
    $this->assertIsObject($item);
    $this->assertSame('parts', $item->data);
  }

  /**
   * Cron sends what is due, and lets go of what was kept for long enough.
   */
  public function testCronSendsAndCleansUp(): void {
    $this->requireExtension();
    $parts = ['base_uri' => $this->startVendor(), 'address' => ['allow_private' => TRUE]];
    $this->setCausewaySettings(['connections' => ['parts' => $parts]]);
    $this->vendorHas('orders', ['id' => 7]);
    $this->container->get(Outboxes::class)->outbox('parts')->send('POST', 'orders');
    $days_ago = fn (int $days): array => [
      'scope' => 'parts',
      'state' => 'done',
      'payload' => 'x',
      'due_at_ms' => $this->records()->nowMs() - $days * 86_400_000,
    ];
    foreach (['inbox', 'outbox'] as $kind) {
      foreach (['old' => 31, 'middle' => 8, 'new' => 6] as $name => $days) {
        $this->records()->insert($kind, self::record($name, $days_ago($days)));
      }
      $this->records()->insert($kind, self::record('dead', ['state' => 'dead'] + $days_ago(99)));
    }
    $this->cron();
    $this->cron();
    $queue = $this->container->get('queue')->get(UpkeepWorker::QUEUE);
    $this->assertSame(1, $queue->numberOfItems());
    $this->container->get('plugin.manager.queue_worker')->createInstance(UpkeepWorker::QUEUE)->processItem(NULL);

    $this->assertContains('orders', $this->vendorLog());
    foreach (['inbox', 'outbox'] as $kind) {
      $kept = [];
      foreach (['old', 'middle', 'new', 'dead'] as $name) {
        $record = $this->records()->read($kind, hash('sha256', $name));
        $kept[$name] = $record === NULL ? 'gone' : $record['payload'];
      }
      $this->assertSame(['old' => 'gone', 'middle' => NULL, 'new' => 'x', 'dead' => 'x'], $kept, $kind);
    }
    $this->stopVendor();
  }

  /**
   * Without the extension nothing is enqueued.
   */
  public function testCronWithoutExtension(): void {
    $this->pretendExtension(FALSE);
    $this->records()->insert('inbox', self::record('a'));
    $this->cron();
    $this->assertSame(0, $this->container->get('queue')->get(InboxWorker::QUEUE)->numberOfItems());
  }

  /**
   * Whatever goes wrong, core does not repeat the item for ever.
   */
  public function testFailuresSuspendTheQueue(): void {
    $this->pretendExtension(FALSE);
    $worker = $this->container->get('plugin.manager.queue_worker')->createInstance(InboxWorker::QUEUE);
    $this->expectException(SuspendQueueException::class);
    $worker->processItem('parts');
  }

  /**
   * Runs the module's part of cron.
   */
  private function cron(): void {
    $this->container->get('module_handler')->invoke('causeway', 'cron');
  }

}
