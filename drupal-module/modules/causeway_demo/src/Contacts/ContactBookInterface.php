<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Contacts;

/**
 * The contacts of the shop.
 */
interface ContactBookInterface {

  /**
   * A contact as it was last seen.
   *
   * @throws \Drupal\causeway\Exception\SnapshotUnavailableException
   *   When it was never seen, and cannot be fetched now.
   */
  public function contact(string $id): ContactView;

}
