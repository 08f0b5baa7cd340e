<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Hook\RequirementsHooks;
use Drupal\causeway\Status\DurableRows;
use Drupal\Core\Extension\Requirement\RequirementSeverity;
use Drupal\Tests\HttpKernelUiHelperTrait;
use Drupal\Tests\user\Traits\UserCreationTrait;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests the rows of the status report.
 */
#[CoversClass(DurableRows::class)]
#[CoversClass(RequirementsHooks::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class StatusTest extends CausewayKernelTestBase {

  use HttpKernelUiHelperTrait;
  use UserCreationTrait;

  /**
   * An extension that is of no use is a warning, never an error.
   */
  #[DataProvider('unusable')]
  public function testExtension(string|false $version, string $value): void {
    $this->pretendExtension($version);
    $rows = $this->rows();
    $this->assertSame(RequirementSeverity::Warning, $rows['causeway_extension']['severity']);
    $this->assertSame($value, (string) $rows['causeway_extension']['value']);
    $this->assertArrayNotHasKey('causeway_connections', $rows);
    $this->assertSame(RequirementSeverity::OK, $rows['causeway_inbox']['severity']);
  }

  /**
   * Versions that are of no use.
   */
  public static function unusable(): \Generator {
    yield 'missing' => [FALSE, 'Not loaded in cli'];
    yield 'outdated' => ['0.0.9', '0.0.9 is too old'];
    yield 'too new' => ['1.0.0', '1.0.0 is too new'];
  }

  /**
   * A bad option is an error that says where it is.
   */
  public function testBadOption(): void {
    $this->requireExtension();
    $this->setCausewaySettings(['connections' => ['plain' => ['no_such_option' => 1]]]);
    $row = $this->rows()['causeway_connections'];
    $this->assertSame(RequirementSeverity::Error, $row['severity']);
    $this->assertCount(1, $row['description']['#items']);
    $this->assertStringContainsString('no_such_option', $row['description']['#items'][0]);
  }

  /**
   * Dead letters and conflicts want to be looked at.
   */
  public function testInbox(): void {
    $this->records()->insert('inbox', self::record('a'));
    $this->records()->insert('inbox', self::record('b', ['state' => 'dead']));
    $row = $this->rows()['causeway_inbox'];
    $this->assertSame(RequirementSeverity::Warning, $row['severity']);
    $this->assertSame('1 waiting, 0 done, 1 in the dead letters, 0 in conflict', (string) $row['value']);
  }

  /**
   * A write that failed for good wants to be looked at.
   */
  public function testOutbox(): void {
    $this->records()->insert('outbox', self::record('a', ['scope' => 'gone']));
    $before = $this->rows()['causeway_outbox'];
    $this->records()->insert('outbox', self::record('b', ['scope' => 'gone', 'state' => 'dead']));
    $row = $this->rows()['causeway_outbox'];
    $this->assertSame([RequirementSeverity::OK, RequirementSeverity::Warning], [$before['severity'], $row['severity']]);
    $this->assertSame('1 waiting, 0 sent, 1 in the dead letters', (string) $row['value']);
  }

  /**
   * The page that an operator opens has the rows, and what is wrong in words.
   */
  public function testStatusReportPage(): void {
    $this->records()->insert('inbox', self::record('a', ['state' => 'dead']));
    $this->records()->insert('outbox', self::record('b', ['scope' => 'gone', 'state' => 'dead']));
    $this->installEntitySchema('user');
    $this->setUpCurrentUser([], ['administer site configuration']);
    $this->drupalGet('admin/reports/status');
    $page = $this->assertSession();
    $page->statusCodeEquals(200);
    $page->pageTextContains('Causeway inbox');
    $page->pageTextContains('0 waiting, 0 done, 1 in the dead letters, 0 in conflict');
    $page->pageTextContains('Causeway outbox');
    $page->pageTextContains('1 event of test failed for the last time: dr causeway:event test shows it, dr causeway:replay puts it back in line.');
    $page->pageTextContains('1 write to gone failed for the last time: dr causeway:outbox gone shows it.');
  }

  /**
   * The rows by name.
   *
   * @return array<string, array<string, mixed>>
   *   What the module reports.
   */
  private function rows(): array {
    return $this->container->get('module_handler')->invoke('causeway', 'runtime_requirements');
  }

}
