<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Mapping;

/**
 * A weight, which a vendor writes as text.
 */
final readonly class Weight {

  public function __construct(
    public int $grams,
  ) {}

  /**
   * Reads '1.5 kg'.
   */
  public static function fromJson(mixed $value): self {
    return is_string($value) && preg_match('/^([\d.]+) kg$/', $value, $match)
      ? new self((int) round(1000 * (float) $match[1]))
      : throw new \InvalidArgumentException('a weight is text like "1.5 kg"');
  }

}
