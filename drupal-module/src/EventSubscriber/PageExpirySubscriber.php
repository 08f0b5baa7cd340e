<?php

declare(strict_types=1);

namespace Drupal\causeway\EventSubscriber;

use Drupal\Component\Datetime\TimeInterface;
use Drupal\Core\Cache\Cache;
use Drupal\Core\Cache\CacheableResponseInterface;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\HttpKernel\Event\ResponseEvent;
use Symfony\Component\HttpKernel\KernelEvents;

/**
 * Lets a page made from snapshots expire with them.
 *
 * Core's page cache keeps a response by its tags and its Expires header, and
 * ignores max-age; an Expires in the past, which core itself sends, means for
 * ever to it. So Expires is set after core has set it. Pages without a
 * snapshot are left alone.
 *
 * @see \Drupal\page_cache\StackMiddleware\PageCache::storeResponse()
 */
final class PageExpirySubscriber implements EventSubscriberInterface {

  public function __construct(
    private readonly TimeInterface $time,
  ) {}

  /**
   * {@inheritdoc}
   */
  public static function getSubscribedEvents(): array {
    // After FinishResponseSubscriber, which overwrites Expires.
    return [KernelEvents::RESPONSE => ['onResponse', -10]];
  }

  /**
   * Sets Expires, and lowers a public max-age that is longer.
   */
  public function onResponse(ResponseEvent $event): void {
    $response = $event->getResponse();
    if (!$event->isMainRequest() || !$response instanceof CacheableResponseInterface) {
      return;
    }
    $cacheability = $response->getCacheableMetadata();
    $max_age_s = $cacheability->getCacheMaxAge();
    if ($max_age_s === Cache::PERMANENT || !$this->hasSnapshot($cacheability->getCacheTags())) {
      return;
    }
    // An Expires that is not in the future would be for ever.
    $max_age_s = max(1, $max_age_s);
    $response->setExpires((new \DateTimeImmutable())->setTimestamp($this->time->getRequestTime() + $max_age_s));
    if ($response->headers->hasCacheControlDirective('public') && $response->getMaxAge() > $max_age_s) {
      $response->setMaxAge($max_age_s);
    }
  }

  /**
   * Whether a response was made from a snapshot.
   *
   * @param array<string> $tags
   *   The tags of a response.
   */
  private function hasSnapshot(array $tags): bool {
    return (bool) preg_grep('~^causeway:connection:~', $tags);
  }

}
