<?php

/**
 * @file
 * Loads the shop's classes, and says what is wrong when the extension is not there.
 */

declare(strict_types=1);

namespace Shop;

if (!extension_loaded('causeway')) {
  $message = 'The PHP extension "causeway" is not loaded: start PHP with -d extension=/path/to/causeway.so';
  if (PHP_SAPI === 'cli') {
    fwrite(STDERR, $message . "\n");
    exit(69);
  }
  http_response_code(503);
  header('Retry-After: 60');
  exit($message);
}

spl_autoload_register(static function (string $class): void {
  if (str_starts_with($class, __NAMESPACE__ . '\\')) {
    require __DIR__ . '/src/' . strtr(substr($class, strlen(__NAMESPACE__) + 1), '\\', '/') . '.php';
  }
});

$config = getenv('DRILL_CONFIG') ?: ($_SERVER['DRILL_CONFIG'] ?? '');

return Shop::fromFile((string) $config);
