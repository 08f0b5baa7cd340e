<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Mapping;

use Drupal\causeway\Mapping\ListOf;

/**
 * An order of a vendor.
 */
final readonly class Order {

  /**
   * Constructs an order.
   *
   * @param string $id
   *   The vendor's id.
   * @param \DateTimeImmutable $placedAt
   *   When it was placed.
   * @param \Drupal\Tests\causeway\Unit\Mapping\Status $status
   *   Its state.
   * @param list<\Drupal\Tests\causeway\Unit\Mapping\Line> $lines
   *   What was ordered.
   * @param list<string> $labels
   *   Labels.
   * @param \Drupal\Tests\causeway\Unit\Mapping\Weight $weight
   *   What it weighs.
   * @param float $discount
   *   A discount.
   * @param string|null $note
   *   A note, which is often missing.
   * @param string $channel
   *   Where it was placed.
   */
  public function __construct(
    public string $id,
    public \DateTimeImmutable $placedAt,
    public Status $status,
    #[ListOf(Line::class)]
    public array $lines,
    #[ListOf('string')]
    public array $labels,
    public Weight $weight,
    public float $discount,
    public ?string $note,
    public string $channel = 'web',
  ) {}

}
