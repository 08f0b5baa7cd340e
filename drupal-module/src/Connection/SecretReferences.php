<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Causeway\Secret;
use Drupal\causeway\Exception\ConnectionException;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * Makes references to secrets out of strings like 'env:NAME' and 'key:id'.
 *
 * A literal secret is refused in a file that is meant for version control; in
 * settings.php it is allowed, as core allows a database's password there.
 */
final class SecretReferences {

  private const string REFERENCE = '/^(env|file|key):/';

  /**
   * Options that hold nothing but secrets.
   */
  private const array SECRET_FIELDS = [
    'client_secret',
    'secrets',
    'secrets_hex',
    'secrets_b64',
    'password',
    'token',
    'api_key',
    'private_key',
    'passphrase',
  ];

  /**
   * Whether the extension knows whom to ask for keys.
   */
  private bool $registered = FALSE;

  /**
   * Constructs the references.
   *
   * @param object|null $keys
   *   The repository of the Key module, where that is installed.
   */
  public function __construct(
    #[Autowire('@?key.repository')]
    private readonly ?object $keys = NULL,
  ) {}

  /**
   * The options with an object for each reference.
   *
   * @param array<mixed> $options
   *   Merged options of a connection.
   *
   * @return array<mixed>
   *   The options as \Causeway\Client wants them.
   */
  public function resolve(array $options): array {
    $this->registerKeyResolver();
    array_walk_recursive($options, static function (mixed &$value): void {
      if (is_string($value) && preg_match(self::REFERENCE, $value)) {
        $value = Secret::ref($value);
      }
    });
    return $options;
  }

  /**
   * Refuses literal secrets in what a file declares.
   *
   * @param string $id
   *   The name of the connection.
   * @param string $file
   *   The file that declares it.
   * @param array<mixed> $options
   *   What the file declares, without overrides.
   *
   * @throws \Drupal\causeway\Exception\ConnectionException
   *   Names the option, never its value.
   */
  public static function refuseLiterals(string $id, string $file, array $options): void {
    self::walk($options, [], static function (array $path, mixed $value) use ($id, $file): void {
      if (array_intersect($path, self::SECRET_FIELDS) && !(is_string($value) && preg_match(self::REFERENCE, $value))) {
        throw ConnectionException::option($id, $file, implode('.', $path), "must refer to a secret ('env:NAME', 'file:/path' or 'key:id'): a secret has no place in YAML");
      }
    });
  }

  /**
   * Calls back with each leaf and the keys that lead to it.
   *
   * @param array<mixed> $options
   *   The options.
   * @param list<string> $path
   *   The keys above.
   * @param callable(list<string>, mixed): void $visit
   *   Gets the leaves.
   */
  private static function walk(array $options, array $path, callable $visit): void {
    foreach ($options as $key => $value) {
      is_array($value) ? self::walk($value, [...$path, (string) $key], $visit) : $visit([...$path, (string) $key], $value);
    }
  }

  /**
   * Lets the extension ask the Key module, which is asked only when needed.
   */
  private function registerKeyResolver(): void {
    if ($this->registered || $this->keys === NULL) {
      return;
    }
    $keys = $this->keys;
    Secret::resolver('key', static function (string $reference) use ($keys): ?string {
      $id = str_starts_with($reference, 'key:') ? substr($reference, 4) : $reference;
      return $keys->getKey($id)?->getKeyValue();
    });
    $this->registered = TRUE;
  }

}
