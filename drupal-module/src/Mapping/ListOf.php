<?php

declare(strict_types=1);

namespace Drupal\causeway\Mapping;

/**
 * Says what a list holds: #[ListOf(LineItem::class)] array $items.
 */
#[\Attribute(\Attribute::TARGET_PARAMETER)]
final readonly class ListOf {

  /**
   * Says what the items are.
   *
   * @param string $type
   *   A class, an enum, or one of string, int, float, bool.
   */
  public function __construct(
    public string $type,
  ) {}

}
