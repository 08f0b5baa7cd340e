<?php

declare(strict_types=1);

namespace Drupal\causeway\Snapshot;

/**
 * The last good answer for each remote entity of one connection.
 *
 * Injected by connection: #[Autowire(service: 'causeway.snapshots.crm')],
 * #[Target('crm')], or a parameter named $crmSnapshots.
 */
interface SnapshotsInterface {

  /**
   * The entity's data, for a service that returns its own objects.
   *
   * A class that implements SnapshotAwareInterface is told its snapshot, so
   * that pages get its cache tags and know when it is stale.
   *
   * @param string $resource
   *   A resource of the connection.
   * @param string $id
   *   The vendor's id of the entity.
   * @param class-string<T>|null $class
   *   What to make of the JSON; NULL leaves it as it is.
   *
   * @return ($class is null ? mixed : T)
   *   An object of the class, or the decoded JSON.
   *
   * @throws \Drupal\causeway\Exception\SnapshotUnavailableException
   *   When there is no snapshot, and none could be fetched in a short time.
   * @throws \Drupal\causeway\Exception\MappingException
   *   When the JSON does not fit the class; names the place.
   *
   * @template T of object
   */
  public function get(string $resource, string $id, ?string $class = NULL): mixed;

  /**
   * As get(), with all that is known about it.
   *
   * @param string $resource
   *   A resource of the connection.
   * @param string $id
   *   The vendor's id of the entity.
   * @param class-string|null $class
   *   What to make of the JSON; NULL leaves it as it is.
   *
   * @throws \Drupal\causeway\Exception\SnapshotUnavailableException
   *   When there is no snapshot, and none could be fetched in a short time.
   * @throws \Drupal\causeway\Exception\MappingException
   *   When the JSON does not fit the class; names the place.
   */
  public function snapshot(string $resource, string $id, ?string $class = NULL): Snapshot;

}
