<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Contacts;

use Drupal\causeway\Snapshot\SnapshotAwareInterface;
use Drupal\causeway\Snapshot\SnapshotAwareTrait;

/**
 * A contact as the shop shows it.
 */
final class ContactView implements SnapshotAwareInterface {

  use SnapshotAwareTrait;

  public function __construct(
    public readonly string $id,
    public readonly string $name,
    public readonly string $email,
    public readonly int $version,
  ) {}

}
