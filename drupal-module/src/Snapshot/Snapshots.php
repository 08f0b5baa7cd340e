<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

use Causeway\Exception\SnapshotMissingException;
use Causeway\Exception\StoreException;
use Causeway\Snapshots as NativeSnapshots;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connection;
use Drupal\causeway\Exception\SnapshotUnavailableException;
use Drupal\causeway\Extension;
use Drupal\causeway\Mapping\Mapper;
use Drupal\Core\Cache\CacheTagsChecksumInterface;

/**
 * The snapshots of one connection.
 *
 * The extension decides what is fresh and what is fetched. Without it, what is
 * stored is still shown. Made by SnapshotsFactory.
 */
final class Snapshots implements SnapshotsInterface {

  /**
   * The extension's snapshots, when they were first needed.
   */
  private ?NativeSnapshots $native = NULL;

  /**
   * Constructs the snapshots of a connection.
   *
   * @param \Drupal\causeway\Connection\Connection $connection
   *   The connection.
   * @param int $stalePageS
   *   For how many seconds a page from stale data may be kept.
   * @param \Drupal\causeway\Extension $extension
   *   Whether calls can be made.
   * @param \Drupal\causeway\Connection\ClientFactory $clients
   *   Makes the client.
   * @param \Drupal\causeway\Snapshot\SnapshotReader $reader
   *   Reads snapshots without the extension.
   * @param \Drupal\causeway\Snapshot\StaleSnapshots $stale
   *   Is told what to refresh after the response.
   * @param \Drupal\causeway\Mapping\Mapper $mapper
   *   Makes objects of JSON.
   * @param \Drupal\Core\Cache\CacheTagsChecksumInterface $checksum
   *   Counts the invalidations of tags.
   */
  public function __construct(
    private readonly Connection $connection,
    private readonly int $stalePageS,
    private readonly Extension $extension,
    private readonly ClientFactory $clients,
    private readonly SnapshotReader $reader,
    private readonly StaleSnapshots $stale,
    private readonly Mapper $mapper,
    private readonly CacheTagsChecksumInterface $checksum,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function get(string $resource, string $id, ?string $class = NULL): mixed {
    return $this->snapshot($resource, $id, $class)->data;
  }

  /**
   * {@inheritdoc}
   */
  public function snapshot(string $resource, string $id, ?string $class = NULL): Snapshot {
    // Count the invalidations before the data is read. A page that is rendered
    // from the old data while a worker replaces it is then stored with the old
    // count, and never served.
    $tags = $this->connection->tags($resource, $id);
    $this->checksum->getCurrentChecksum($tags);
    $snapshot = $this->extension->isUsable()
      ? $this->fromExtension($resource, $id, $tags)
      : $this->fromDatabase($resource, $id, $tags);
    if ($class === NULL) {
      return $snapshot;
    }
    $object = $this->mapper->map($snapshot->data, $class);
    if ($object instanceof SnapshotAwareInterface) {
      $object->setSnapshot($snapshot);
    }
    return $snapshot->with($object);
  }

  /**
   * Reads through the extension, which may fetch.
   *
   * @param string $resource
   *   A resource of the connection.
   * @param string $id
   *   The vendor's id of the entity.
   * @param list<string> $tags
   *   The cache tags.
   */
  private function fromExtension(string $resource, string $id, array $tags): Snapshot {
    $native = $this->native ??= new NativeSnapshots($this->clients->client($this->connection->id));
    try {
      $found = $native->get($resource, $id);
    }
    catch (SnapshotMissingException $e) {
      throw SnapshotUnavailableException::missing($this->connection->id, $resource, $id, $e->getMessage(), $e);
    }
    // What the store throws comes through the extension as it is.
    // @phpstan-ignore catch.neverThrown
    catch (StoreException $e) {
      throw SnapshotUnavailableException::missing($this->connection->id, $resource, $id, 'the database cannot be used: ' . $e->getMessage(), $e);
    }
    if ($found->isStale()) {
      $this->stale->note($this->connection->id, $native);
    }
    $max_age = $found->isStale() ? $this->stalePageS : max(1, $found->maxAgeS());
    return new Snapshot($found->data(), $found->isStale(), $found->fetchedAtMs(), $max_age, array_values(array_unique([
      ...$found->tags(),
      ...$tags,
    ])));
  }

  /**
   * Reads what is stored, without the extension.
   *
   * @param string $resource
   *   A resource of the connection.
   * @param string $id
   *   The vendor's id of the entity.
   * @param list<string> $tags
   *   The cache tags.
   */
  private function fromDatabase(string $resource, string $id, array $tags): Snapshot {
    return $this->reader->read($this->connection, $resource, $id, $tags, $this->stalePageS)
      ?? throw SnapshotUnavailableException::missing($this->connection->id, $resource, $id, 'nothing is stored, and fetching it needs the PHP extension "causeway", which is ' . $this->extension->problem());
  }

}
