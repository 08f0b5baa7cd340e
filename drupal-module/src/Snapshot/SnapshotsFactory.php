<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Extension;
use Drupal\causeway\Mapping\Mapper;
use Drupal\Core\Cache\CacheTagsChecksumInterface;
use Drupal\Core\Site\Settings;

/**
 * Makes the services causeway.snapshots.ID.
 */
final class SnapshotsFactory {

  /**
   * Seconds that a page from stale data is kept, unless settings.php says.
   *
   * Short, because the page shows a banner, and because a page that is served
   * from the cache asks for no refresh; not 0, because an outage must not make
   * pages slower than health does.
   */
  private const int STALE_PAGE_S = 5;

  public function __construct(
    private readonly Connections $connections,
    private readonly Extension $extension,
    private readonly ClientFactory $clients,
    private readonly SnapshotReader $reader,
    private readonly StaleSnapshots $stale,
    private readonly Mapper $mapper,
    private readonly CacheTagsChecksumInterface $checksum,
    private readonly Settings $settings,
  ) {}

  /**
   * The snapshots of a connection.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When no module declares it.
   */
  public function snapshots(string $id): SnapshotsInterface {
    $stale_page_s = (int) ($this->settings->get('causeway', [])['stale_page_s'] ?? self::STALE_PAGE_S);
    return new Snapshots($this->connections->get($id), max(1, $stale_page_s), $this->extension, $this->clients, $this->reader, $this->stale, $this->mapper, $this->checksum);
  }

}
