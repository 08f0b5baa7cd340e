<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Drupal\causeway\Exception\ConnectionException;
use Drupal\Core\Site\Settings;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * The connections of this site.
 *
 * Files decide which connections exist. Options are merged late, in this
 * order: MODULE.connections.yml, then what settings.php has under
 * $settings['causeway']['connections'][ID]. Maps are merged key by key, lists
 * and scalars are replaced, and NULL takes an option away.
 */
final class Connections {

  /**
   * Constructs the list of connections.
   *
   * @param array<string, array{file: string, options: array<string, mixed>}> $declared
   *   What ConnectionsPass found, by id.
   * @param \Drupal\Core\Site\Settings $settings
   *   The settings of this site.
   */
  public function __construct(
    #[Autowire(param: 'causeway.connections')]
    private readonly array $declared,
    private readonly Settings $settings,
  ) {}

  /**
   * The names of all connections.
   *
   * @return list<string>
   *   The ids, in the order of the modules.
   */
  public function ids(): array {
    return array_keys($this->declared);
  }

  /**
   * The names of the connections whose vendors send webhooks.
   *
   * @return list<string>
   *   The ids, in the order of the modules.
   */
  public function withWebhook(): array {
    return array_values(array_filter($this->ids(), fn (string $id): bool => $this->get($id)->hasWebhook()));
  }

  /**
   * Whether a connection is declared.
   */
  public function has(string $id): bool {
    return isset($this->declared[$id]);
  }

  /**
   * A connection with the site's own options merged in.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   When it is not declared.
   */
  public function get(string $id): Connection {
    if (!$this->has($id)) {
      throw ConnectionException::unknown($id, $this->ids());
    }
    $declared = $this->declared[$id];
    $override = $this->settings->get('causeway', [])['connections'][$id] ?? [];
    return new Connection($id, $declared['file'], self::merge($declared['options'], $override));
  }

  /**
   * Merges maps key by key; lists and scalars are replaced, NULL removes.
   *
   * @param array<mixed> $base
   *   What is declared.
   * @param array<mixed> $override
   *   What stands above it.
   *
   * @return array<mixed>
   *   The merged map.
   */
  private static function merge(array $base, array $override): array {
    foreach ($override as $key => $value) {
      if ($value === NULL) {
        unset($base[$key]);
      }
      elseif (is_array($value) && !array_is_list($value) && is_array($base[$key] ?? NULL)) {
        $base[$key] = self::merge($base[$key], $value);
      }
      else {
        $base[$key] = $value;
      }
    }
    return $base;
  }

}
