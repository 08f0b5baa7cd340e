<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Hook\CausewayHooks;
use Drupal\causeway\Plugin\QueueWorker\InboxWorker;
use Drupal\Core\Queue\SuspendQueueException;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests how cron looks after the inbox.
 */
#[CoversClass(CausewayHooks::class)]
#[CoversClass(InboxWorker::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class QueueTest extends CausewayKernelTestBase {

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
