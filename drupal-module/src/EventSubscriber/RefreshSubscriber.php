<?php

declare(strict_types=1);

namespace Drupal\causeway\EventSubscriber;

use Drupal\causeway\Snapshot\StaleSnapshots;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Refreshes stale snapshots when the page was sent.
 */
final class RefreshSubscriber implements EventSubscriberInterface {

  public function __construct(
    private readonly StaleSnapshots $stale,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    return [KernelEvents::TERMINATE => ['onTerminate', -100]];
  }

  /**
   * Refreshes what the page found stale.
   */
  public function onTerminate(): void {
    $this->stale->refresh();
  }

}
