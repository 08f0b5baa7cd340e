<?php

declare(strict_types=1);

namespace Drupal\causeway\Testing;

use Causeway\Testing\Clock;
use Causeway\Testing\Fake;
use Causeway\Testing\SentRequest;
use PHPUnit\Framework\Assert;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\PostCondition;

/**
 * Fake vendors and frozen time for PHPUnit's tests, with or without Drupal.
 *
 * Policies are real: a rule scripts what an attempt meets, and retries,
 * breakers, throttles and tokens do what they do against a real vendor. A
 * request that no rule means fails the test, also when the code under test
 * caught the exception. Vendors and clock are put back after each test. Needs
 * the extension with causeway.testing=1, and nothing of Drupal.
 *
 * @phpstan-require-extends \PHPUnit\Framework\TestCase
 *
 * @license MIT OR Apache-2.0
 */
trait FakesVendorsTrait {

  /**
   * The fake of this test; NULL before fakeVendors() and replayVendors().
   */
  private ?Fake $fakeOfVendors = NULL;

  /**
   * Puts a fake in the place of all vendors, until the test ends.
   *
   * @param string ...$passing
   *   Connections whose requests go to the real vendor where no rule means
   *   them.
   */
  protected function fakeVendors(string ...$passing): Fake {
    return $this->fakeOfVendors = Fake::start(array_values($passing));
  }

  /**
   * Plays a recording; with CAUSEWAY_RECORD=1 in the environment, makes it.
   *
   * @param string $file
   *   The recording, JSON.
   * @param array{headers?: list<string>, query?: list<string>, json?: list<string>, values?: list<string>} $redact
   *   What is hidden beside credentials.
   */
  protected function replayVendors(string $file, array $redact = []): Fake {
    $options = $redact === [] ? [] : ['redact' => $redact];
    $isRecording = getenv('CAUSEWAY_RECORD') === '1';
    return $this->fakeOfVendors = $isRecording ? Fake::record($file, $options) : Fake::replay($file, $options);
  }

  /**
   * Stops time for Causeway until the test ends; waits are skipped and listed.
   *
   * @param \DateTimeInterface|int $at
   *   A moment, or Unix milliseconds.
   */
  protected function freezeTime(\DateTimeInterface|int $at): void {
    Clock::freeze(is_int($at) ? $at : (int) $at->format('Uv'));
  }

  /**
   * Moves frozen time on.
   */
  protected function advanceTime(int $ms): void {
    Clock::advance($ms);
  }

  /**
   * At least one such request was sent; gives the first.
   *
   * @param string $connection
   *   The connection's name, '*' for any.
   * @param string $method
   *   The verb, '*' for any.
   * @param string $uri
   *   A pattern, as Fake::on() takes it.
   * @param (callable(\Causeway\Testing\SentRequest): bool)|null $check
   *   Says whether a request is the one.
   */
  protected function assertSent(string $connection, string $method = '*', string $uri = '*', ?callable $check = NULL): SentRequest {
    $found = $this->sentRequests($connection, $method, $uri, $check);
    Assert::assertNotSame([], $found, "No request was sent that is meant by $connection: $method $uri. " . $this->listOfSent());
    return $found[0];
  }

  /**
   * No such request was sent.
   *
   * @param string $connection
   *   The connection's name, '*' for any.
   * @param string $method
   *   The verb, '*' for any.
   * @param string $uri
   *   A pattern, as Fake::on() takes it.
   * @param (callable(\Causeway\Testing\SentRequest): bool)|null $check
   *   Says whether a request is the one.
   */
  protected function assertNotSent(string $connection, string $method = '*', string $uri = '*', ?callable $check = NULL): void {
    $found = $this->sentRequests($connection, $method, $uri, $check);
    Assert::assertSame([], array_map(strval(...), $found), "A request was sent that is meant by $connection: $method $uri.");
  }

  /**
   * So many such requests were sent, each attempt counted.
   */
  protected function assertSentCount(int $count, string $connection = '*', string $method = '*', string $uri = '*'): void {
    $sent = $this->runningFake()->sentCount($connection, $method, $uri);
    Assert::assertSame($count, $sent, "Requests meant by $connection: $method $uri. " . $this->listOfSent());
  }

  /**
   * Nothing was sent at all.
   */
  protected function assertNothingSent(): void {
    Assert::assertSame([], array_map(strval(...), $this->runningFake()->sent()));
  }

  /**
   * Each rule was met, and each recorded answer asked for.
   */
  protected function assertAllRulesMet(): void {
    Assert::assertSame([], $this->runningFake()->unused());
  }

  /**
   * These waits, in milliseconds, were skipped by the frozen clock, in order.
   */
  protected function assertWaits(int ...$ms): void {
    Assert::assertSame(array_values($ms), Clock::waits());
  }

  /**
   * A request that no rule means fails the test, whoever caught its exception.
   */
  #[PostCondition]
  protected function refuseStrayRequests(): void {
    if ($this->fakeOfVendors !== NULL) {
      Assert::assertSame([], $this->fakeOfVendors->strays(), 'Requests were sent that no rule means.');
    }
  }

  /**
   * Puts vendors and time back.
   */
  #[After]
  protected function releaseVendors(): void {
    Clock::thaw();
    $fake = $this->fakeOfVendors;
    $this->fakeOfVendors = NULL;
    $fake?->stop();
  }

  /**
   * The fake of this test.
   */
  private function runningFake(): Fake {
    return $this->fakeOfVendors ?? throw new \LogicException('Call fakeVendors() or replayVendors() first.');
  }

  /**
   * Requests that are meant.
   *
   * @param string $connection
   *   The connection's name, '*' for any.
   * @param string $method
   *   The verb, '*' for any.
   * @param string $uri
   *   A pattern, as Fake::on() takes it.
   * @param (callable(\Causeway\Testing\SentRequest): bool)|null $check
   *   Says whether a request is the one.
   *
   * @return list<\Causeway\Testing\SentRequest>
   *   In the order in which they were sent.
   */
  private function sentRequests(string $connection, string $method, string $uri, ?callable $check): array {
    $sent = $this->runningFake()->sent($connection, $method, $uri);
    return $check === NULL ? $sent : array_values(array_filter($sent, $check));
  }

  /**
   * What was sent, for a message: no query, no field and no body is shown.
   */
  private function listOfSent(): string {
    $sent = array_map(strval(...), array_slice($this->runningFake()->sent(), 0, 20));
    return $sent === [] ? 'Nothing was sent.' : "Sent:\n" . implode("\n", $sent);
  }

}
