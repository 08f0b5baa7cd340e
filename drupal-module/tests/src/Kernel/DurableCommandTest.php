<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Causeway\Ledger;
use Causeway\Snapshots as NativeSnapshots;
use Drupal\causeway\Command\EventCommand;
use Drupal\causeway\Command\OutboxCommand;
use Drupal\causeway\Command\OutboxDiscardCommand;
use Drupal\causeway\Command\OutboxReplayCommand;
use Drupal\causeway\Command\OutboxResumeCommand;
use Drupal\causeway\Command\ReconcileCommand;
use Drupal\causeway\Command\ReplayCommand;
use Drupal\causeway\Command\WorkCommand;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Outbox\Outboxes;
use Drupal\causeway\Snapshot\Reconciles;
use Drupal\causeway\Status\DurableRows;
use Drupal\Core\Extension\Requirement\RequirementSeverity;
use Drupal\Core\Site\Settings;
use Drupal\Tests\causeway\Traits\VendorTrait;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Output\BufferedOutput;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Tests what an operator does about durable work.
 */
#[CoversClass(EventCommand::class)]
#[CoversClass(OutboxCommand::class)]
#[CoversClass(OutboxDiscardCommand::class)]
#[CoversClass(OutboxReplayCommand::class)]
#[CoversClass(OutboxResumeCommand::class)]
#[CoversClass(Outboxes::class)]
#[CoversClass(ReconcileCommand::class)]
#[CoversClass(Reconciles::class)]
#[CoversClass(ReplayCommand::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class DurableCommandTest extends CausewayKernelTestBase {

  use VendorTrait;

  /**
   * What was printed.
   */
  private BufferedOutput $output;

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->requireExtension();
    $this->output = new BufferedOutput();
    $this->setCausewaySettings([
      'connections' => [
        'parts' => [
          'base_uri' => $this->startVendor(),
          'address' => ['allow_private' => TRUE],
          'retry' => ['max_attempts' => 1],
          'webhook' => ['redact' => ['/data/email']],
          'backfills' => ['part' => ['path' => 'parts', 'reconcile' => ['deletions' => 'absent', 'max_absent' => 0.5]]],
        ],
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
   * Dead letters are shown redacted, and replayed one by one or by time.
   */
  public function testDeadLettersAreShownAndReplayed(): void {
    $ledger = new Ledger($this->container->get(ClientFactory::class)->store(), ['max_attempts' => 1]);
    foreach (['a', 'b', 'c'] as $id) {
      $ledger->claim('parts', $id, '{"data":{"id":"1","email":"ann@example.org"}}')->fail('no such part');
    }
    $this->assertSame(0, $this->execute(EventCommand::class, connection: 'parts'));
    $this->assertMatchesRegularExpression('/ b +\d{4}-\S+ +1 +no such part/', $this->output->fetch());
    $this->execute(EventCommand::class, connection: 'parts', event: 'b', format: 'json');
    $shown = json_decode($this->output->fetch(), TRUE);
    $this->assertSame(['dead', '{"data":{"id":"1","email":"[redacted]"}}'], [$shown['state'], $shown['payload']]);
    $this->assertSame(1, $this->execute(EventCommand::class, connection: 'parts', event: 'x'));

    $this->assertSame(2, $this->execute(ReplayCommand::class, connection: 'parts'));
    $this->assertSame(2, $this->execute(ReplayCommand::class, connection: 'parts', since: 'no time'));
    $this->assertSame(1, $this->execute(ReplayCommand::class, connection: 'parts', event: 'x'));
    $this->assertStringContainsString('parts has no dead letter "x".', $this->output->fetch());
    $this->assertSame(0, $this->execute(ReplayCommand::class, connection: 'parts', event: 'a', format: 'json'));
    $this->assertSame(0, $this->execute(ReplayCommand::class, connection: 'parts', since: '1 hour ago', until: '30 minutes ago', format: 'json'));
    $this->assertSame(0, $this->execute(ReplayCommand::class, connection: 'parts', since: '1 hour ago', format: 'json'));
    $this->assertSame("{\"replayed\":1}\n{\"replayed\":0}\n{\"replayed\":2}\n", $this->output->fetch());
    $this->assertSame(3, $ledger->counts()['pending']);
  }

  /**
   * A comparison repairs, reports, and does not believe an empty list.
   */
  public function testReconcile(): void {
    $snapshots = new NativeSnapshots($this->container->get(ClientFactory::class)->client('parts'));
    $snapshots->put('part', '1', ['id' => 1, 'v' => 1]);
    $snapshots->put('part', '2', ['id' => 2, 'v' => 1]);
    usleep(5000);
    $this->vendorHas('parts', ['items' => [['id' => 1, 'v' => 2]], 'next_cursor' => NULL]);
    $this->assertSame(0, $this->execute(ReconcileCommand::class, connection: 'parts', resource: 'part', dryRun: TRUE, format: 'json'));
    $report = $this->json();
    $this->assertSame([1, 1, 0], [$report['changed'], $report['absent'], $report['repaired']]);
    $this->assertSame(0, $this->execute(ReconcileCommand::class, connection: 'parts', resource: 'part', format: 'json'));
    $this->assertSame(2, $this->json()['repaired']);
    $this->assertNull($snapshots->peek('part', '2'));

    usleep(5000);
    $this->vendorHas('parts', ['items' => [], 'next_cursor' => NULL]);
    $this->assertSame(1, $this->execute(ReconcileCommand::class, connection: 'parts', resource: 'part', format: 'json'));
    $this->assertNotNull($snapshots->peek('part', '1'));
    $row = $this->container->get(DurableRows::class)->rows()['causeway_reconcile'];
    $this->assertSame(RequirementSeverity::Warning, $row['severity']);
    $this->assertStringContainsString('the list is empty', (string) $row['description']['#items'][0]);
  }

  /**
   * A write is recorded with the site's transaction, and sent by the worker.
   */
  public function testOutbox(): void {
    $outbox = $this->container->get(Outboxes::class)->outbox('parts');
    $this->vendorIsDown(TRUE);
    $outbox->send('POST', 'orders', ['json' => ['id' => 7], 'id' => 'order-7']);
    $outbox->pause('a backup was restored');
    $row = $this->container->get(DurableRows::class)->rows()['causeway_outbox'];
    $this->assertSame(RequirementSeverity::Warning, $row['severity']);
    $this->assertStringContainsString('a backup was restored', (string) $row['description']['#items'][0]);
    $this->assertSame(0, $this->execute(OutboxCommand::class, connection: 'parts', format: 'json'));
    $shown = $this->json();
    $this->assertSame([1, 'a backup was restored'], [$shown['pending'], $shown['paused']]);

    $this->assertSame(0, $this->execute(OutboxResumeCommand::class, connection: 'parts'));
    $this->vendorIsDown(FALSE);
    $this->vendorHas('orders', ['id' => 7]);
    $this->assertSame(0, $this->execute(WorkCommand::class, format: 'json'));
    $this->assertSame(1, $this->json()['sent']);
    $this->assertContains('orders', $this->vendorLog());
    $this->assertSame(1, $this->execute(OutboxReplayCommand::class, connection: 'parts', id: 'order-7'));
    $this->assertSame(2, $this->execute(OutboxReplayCommand::class, connection: 'parts'));
    $this->assertSame(1, $this->execute(OutboxDiscardCommand::class, connection: 'parts', id: 'order-7'));
    $this->assertStringContainsString('has no dead write "order-7"', $this->output->fetch());
  }

  /**
   * Dead writes are replayed one by one or by time, or thrown away.
   */
  public function testDeadWritesAreReplayedBySpan(): void {
    $outbox = $this->container->get(Outboxes::class)->outbox('parts');
    foreach (['a', 'b', 'c', 'd'] as $id) {
      $outbox->send('POST', 'nowhere', ['id' => $id]);
    }
    $this->assertSame(4, $outbox->process()['dead']);
    $this->assertSame(0, $this->execute(OutboxReplayCommand::class, connection: 'parts', id: 'a', format: 'json'));
    $this->assertSame(0, $this->execute(OutboxReplayCommand::class, connection: 'parts', since: '1 hour ago', until: '30 minutes ago', format: 'json'));
    $this->assertSame(0, $this->execute(OutboxDiscardCommand::class, connection: 'parts', id: 'd'));
    $this->assertSame(0, $this->execute(OutboxReplayCommand::class, connection: 'parts', since: '1 hour ago', limit: 1, format: 'json'));
    $this->assertSame(0, $this->execute(OutboxReplayCommand::class, connection: 'parts', since: '1 hour ago', format: 'json'));
    preg_match_all('/"replayed":(\d)/', $this->output->fetch(), $found);
    $this->assertSame(['1', '0', '1', '1'], $found[1]);
    $this->assertSame([3, 0], [$outbox->counts()['pending'], $outbox->counts()['dead']]);
  }

  /**
   * A database that is older than the mark outside of it is a restored one.
   */
  public function testRestoredDatabaseIsKnownByTheMarkOutsideIt(): void {
    $directory = sys_get_temp_dir() . '/causeway-marks-' . bin2hex(random_bytes(6));
    mkdir($directory);
    $this->setCausewaySettings(['outbox_mark_dir' => $directory] + Settings::get('causeway'));
    $outbox = fn () => $this->container->get(Outboxes::class)->outbox('parts');
    $outbox()->process();
    $outbox()->pause('a look');
    $outbox()->resume();
    $outbox()->send('POST', 'orders', ['id' => 'sent-since']);
    $this->assertNull($outbox()->counts()['paused']);
    $this->container->get('database')->update('causeway_outbox')->fields(['version' => 1])->condition('state', 'relay')->execute();

    $this->assertStringContainsString('the store is older than it was', $outbox()->process()['paused']);
    $row = $this->container->get(DurableRows::class)->rows()['causeway_outbox'];
    $this->assertStringContainsString('the store is older than it was', (string) $row['description']['#items'][0]);
    $this->assertNotContains('orders', $this->vendorLog());
    array_map(unlink(...), glob("$directory/*"));
    rmdir($directory);
  }

  /**
   * What was printed, decoded; a progress bar comes before it.
   *
   * @return array<string, mixed>
   *   The data.
   */
  private function json(): array {
    preg_match('/^\{.*\}$/m', $this->output->fetch(), $found);
    return json_decode($found[0], TRUE);
  }

  /**
   * Runs a command, and adds what it prints.
   *
   * @param class-string $command
   *   Its class.
   * @param mixed ...$arguments
   *   Its arguments by name.
   */
  private function execute(string $command, mixed ...$arguments): int {
    return $this->container->get($command)(new SymfonyStyle(new ArrayInput([]), $this->output), ...$arguments);
  }

}
