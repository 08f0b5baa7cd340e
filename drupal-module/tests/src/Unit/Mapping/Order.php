<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Mapping;

use Drupal\causeway\Mapping\ListOf;

/**
 * An order of a vendor.
 */
final readonly class Order {

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
