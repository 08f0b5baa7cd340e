<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Mapping;

/**
 * The states of an order.
 */
enum Status: string {

  case Open = 'open';
  case Paid = 'paid';

}
