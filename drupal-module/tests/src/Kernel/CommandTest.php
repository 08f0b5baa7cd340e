<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Command\BackfillCommand;
use Drupal\causeway\Command\PauseCommand;
use Drupal\causeway\Command\ResumeCommand;
use Drupal\causeway\Command\StatusCommand;
use Drupal\causeway\Command\WorkCommand;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Output\BufferedOutput;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * Tests the commands: data on stdout, an exit status that tells.
 */
#[CoversClass(BackfillCommand::class)]
#[CoversClass(PauseCommand::class)]
#[CoversClass(ResumeCommand::class)]
#[CoversClass(StatusCommand::class)]
#[CoversClass(WorkCommand::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class CommandTest extends CausewayKernelTestBase {

  /**
   * What was printed.
   */
  private BufferedOutput $output;

  /**
   * The switch is seen by the next process that looks.
   */
  public function testPauseAndResume(): void {
    $this->requireExtension();
    $this->assertSame(0, $this->execute(PauseCommand::class, connection: 'plain', reason: 'they move'));
    $this->assertSame(['paused' => TRUE, 'reason' => 'they move'], $this->switchOf('plain'));
    $this->assertFalse($this->switchOf('parts')['paused']);
    $this->assertSame(0, $this->execute(ResumeCommand::class, connection: 'plain'));
    $this->assertFalse($this->switchOf('plain')['paused']);
  }

  /**
   * The status for people has a row for each connection.
   */
  public function testStatusForPeople(): void {
    $this->requireExtension();
    $this->execute(PauseCommand::class, connection: 'plain', reason: 'they move');
    $this->output->fetch();
    $this->assertSame(0, $this->execute(StatusCommand::class));
    $text = $this->output->fetch();
    $this->assertMatchesRegularExpression('/plain +paused: they move +closed +0 +0 +never +0 +0/', $text);
    $this->assertMatchesRegularExpression('/parts +on +closed/', $text);
    $this->assertStringNotContainsString('{', $text);
  }

  /**
   * A misspelt connection is not switched.
   */
  public function testUnknownConnection(): void {
    $this->assertSame(1, $this->execute(PauseCommand::class, connection: 'plane'));
    $this->assertStringContainsString('No connection "plane"', $this->output->fetch());
    $this->assertSame(1, $this->execute(BackfillCommand::class, connection: 'plain', resource: 'part'));
    $this->assertStringContainsString('backfills.part', $this->output->fetch());
  }

  /**
   * Without the extension a command says what is missing, and fails.
   */
  public function testWithoutExtension(): void {
    $this->pretendExtension(FALSE);
    $this->assertSame(1, $this->execute(StatusCommand::class, format: 'json'));
    $this->assertSame('missing', json_decode($this->output->fetch(), TRUE)['problem']);
    $this->assertSame(1, $this->execute(WorkCommand::class));
    $this->assertStringContainsString('needs the PHP extension', $this->output->fetch());
  }

  /**
   * A format that is not known is misuse.
   */
  public function testUnknownFormat(): void {
    $this->assertSame(2, $this->execute(WorkCommand::class, format: 'xml'));
    $this->assertSame(2, $this->execute(StatusCommand::class, format: 'xml'));
  }

  /**
   * Paused or not, and why.
   *
   * @return array{paused: bool, reason: string}
   *   What the status says.
   */
  private function switchOf(string $connection): array {
    $this->execute(StatusCommand::class, format: 'json');
    $row = json_decode($this->output->fetch(), TRUE)['connections'][$connection];
    return ['paused' => $row['paused'], 'reason' => $row['reason']];
  }

  /**
   * Runs a command, and keeps what it prints.
   *
   * @param class-string $command
   *   Its class.
   * @param mixed ...$arguments
   *   Its arguments by name.
   */
  private function execute(string $command, mixed ...$arguments): int {
    $this->output = new BufferedOutput();
    return $this->container->get($command)(new SymfonyStyle(new ArrayInput([]), $this->output), ...$arguments);
  }

}
