<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit;

use Drupal\causeway\Exception\MappingException;
use Drupal\causeway\Mapping\Mapper;
use Drupal\Tests\causeway\Unit\Mapping\Order;
use Drupal\Tests\causeway\Unit\Mapping\Status;
use Drupal\Tests\UnitTestCase;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;

/**
 * Tests what becomes of a vendor's JSON.
 */
#[CoversClass(Mapper::class)]
#[Group('causeway')]
final class MapperTest extends UnitTestCase {

  /**
   * A document that fits.
   */
  private const array ORDER = [
    'id' => 'o-1',
    'placed_at' => '2026-11-22T00:30:00.250Z',
    'status' => 'paid',
    'lines' => [['sku' => 'A', 'price_cents' => 100], ['sku' => 'B', 'price_cents' => 250]],
    'labels' => ['new', 'gift'],
    'weight' => '1.5 kg',
    'discount' => 1,
    'unknown_to_us' => TRUE,
  ];

  /**
   * Names, nested classes, enums, times, lists and fromJson() are mapped.
   */
  public function testMapsDocuments(): void {
    $order = (new Mapper())->map(self::ORDER, Order::class);
    $this->assertSame('o-1', $order->id);
    $this->assertSame('2026-11-22T00:30:00.250000+00:00', $order->placedAt->format('Y-m-d\TH:i:s.uP'));
    $this->assertSame(Status::Paid, $order->status);
    $this->assertSame([100, 250], array_column($order->lines, 'priceCents'));
    $this->assertSame(['new', 'gift'], $order->labels);
    $this->assertSame(1500, $order->weight->grams);
    $this->assertSame(1.0, $order->discount);
    $this->assertNull($order->note);
    $this->assertSame('web', $order->channel);
  }

  /**
   * A fault names its place by a JSON pointer, and never shows the value.
   *
   * @param array<string, mixed> $change
   *   What is wrong in the document.
   * @param string $pointer
   *   Where.
   * @param string $message
   *   What is said.
   */
  #[DataProvider('faults')]
  public function testFaultsNameThePlace(array $change, string $pointer, string $message): void {
    try {
      (new Mapper())->map(array_replace(self::ORDER, $change), Order::class);
      $this->fail('It was accepted.');
    }
    catch (MappingException $e) {
      $this->assertSame($pointer, $e->pointer);
      $this->assertStringContainsString($message, $e->getMessage());
      $this->assertStringNotContainsString('s3cret', $e->getMessage());
    }
  }

  /**
   * Documents that do not fit.
   */
  public static function faults(): \Generator {
    yield 'a number for text' => [['id' => 5], '/id', 'expected string, got int'];
    yield 'text for a number' => [
      self::line('s3cret'),
      '/lines/0/price_cents',
      'expected int, got string',
    ];
    yield 'a fraction for a whole number' => [
      self::line(1.5),
      '/lines/0/price_cents',
      'expected int, got float',
    ];
    yield 'an object for a list' => [['lines' => ['a' => []]], '/lines', 'expected a list'];
    yield 'a missing member' => [['lines' => [['sku' => 'B']]], '/lines/0/price_cents', 'missing'];
    yield 'a word for a time' => [['placed_at' => 'tomorrow'], '/placed_at', 'RFC 3339'];
    yield 'a time that is none' => [['placed_at' => '2026-13-45T99:00:00Z'], '/placed_at', 'accepts'];
    yield 'an unknown case' => [['status' => 's3cret'], '/status', 'one of open, paid'];
    yield 'null where it is not allowed' => [['id' => NULL], '/id', 'got null'];
    yield 'what fromJson() refuses' => [['weight' => ['s3cret']], '/weight', 'accepts'];
    yield 'text for an object' => [['lines' => ['s3cret']], '/lines/0', 'expected an object'];
  }

  /**
   * A change to the price of the only line.
   *
   * @return array<string, mixed>
   *   The change.
   */
  private static function line(mixed $price): array {
    return ['lines' => [['sku' => 'A', 'price_cents' => $price]]];
  }

  /**
   * A root that is no object is refused at the root.
   */
  public function testRootMustBeAnObject(): void {
    $this->expectExceptionObject(MappingException::at('', 'an object', 'x'));
    (new Mapper())->map('x', Order::class);
  }

}
