<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

/**
 * One vendor as it is declared: the file's options under the site's own.
 */
final readonly class Connection {

  /**
   * Constructs a connection.
   *
   * @param string $id
   *   The name of the connection.
   * @param string $file
   *   The file that declares it, relative to the root.
   * @param array<string, mixed> $options
   *   The options, secrets as references.
   */
  public function __construct(
    public string $id,
    public string $file,
    public array $options,
  ) {}

  /**
   * Whether the vendor sends webhooks.
   */
  public function hasWebhook(): bool {
    return isset($this->options['webhook']);
  }

  /**
   * The tag of everything that was made from this connection's data.
   */
  public function stateTag(): string {
    return 'causeway:connection:' . $this->id;
  }

  /**
   * The cache tags that a snapshot will have, known before it is read.
   *
   * @return list<string>
   *   The tags of the resource, and the tag of the connection's state.
   */
  public function tags(string $resource, string $id): array {
    $templates = $this->options['resources'][$resource]['cache_tags'] ?? [];
    $tags = array_map(
      static fn (mixed $template): string => str_replace('{id}', $id, (string) $template),
      is_array($templates) ? array_values($templates) : [],
    );
    return [...$tags, $this->stateTag()];
  }

}
