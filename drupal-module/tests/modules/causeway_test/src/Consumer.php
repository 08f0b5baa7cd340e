<?php

declare(strict_types=1);

namespace Drupal\causeway_test;

use Drupal\causeway\Snapshot\SnapshotsInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;
use Symfony\Component\DependencyInjection\Attribute\Target;

/**
 * Gets the snapshots of two connections in each way there is.
 */
final class Consumer {

  public function __construct(
    #[Autowire(service: 'causeway.snapshots.parts')]
    public readonly SnapshotsInterface $byService,
    #[Target('parts')]
    public readonly SnapshotsInterface $byTarget,
    public readonly SnapshotsInterface $plainSnapshots,
  ) {}

}
