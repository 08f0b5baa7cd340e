<?php

/**
 * @file
 * What tools/drupal-site does inside Drupal: install, settings, modules, code.
 *
 *   php drupal-site.php DOCROOT install SITE SQLITE_FILE
 *   php drupal-site.php DOCROOT settings SITE VENDOR_JSON
 *   php drupal-site.php DOCROOT enable|disable SITE MODULE...
 *   php drupal-site.php DOCROOT eval SITE 'PHP'
 *
 * SITE is a directory below sites/. Core's own "dr install" cannot be told
 * where the database shall be, and enables no module.
 */

declare(strict_types=1);

use Drupal\Core\DrupalKernel;
use Drupal\Core\Site\Settings;
use Symfony\Component\HttpFoundation\Request;

[, $docroot, $command, $site] = $argv;
$arguments = array_slice($argv, 4);
chdir($docroot);
$class_loader = require 'autoload.php';
$site_path = "sites/$site";

if ($command === 'install') {
  causeway_site_install($class_loader, $site_path, $arguments[0]);
  exit(0);
}
if ($command === 'settings') {
  causeway_site_settings($site_path, $arguments[0]);
  exit(0);
}

DrupalKernel::bootEnvironment();
$request = Request::create('http://localhost/');
$kernel = new DrupalKernel('prod', $class_loader);
$kernel->setSitePath($site_path);
Settings::initialize($kernel->getAppRoot(), $site_path, $class_loader);
$kernel->boot();
$kernel->preHandle($request);
$kernel->getContainer()->get('request_stack')->push($request);

match ($command) {
  'enable' => \Drupal::service('module_installer')->install($arguments),
  'disable' => \Drupal::service('module_installer')->uninstall($arguments),
  'eval' => eval($arguments[0]),
};

/**
 * Installs the minimal profile on a SQLite file.
 */
function causeway_site_install(object $class_loader, string $site_path, string $database): void {
  is_dir($site_path) || mkdir($site_path, 0775) || exit(1);
  copy('sites/default/default.settings.php', "$site_path/settings.php");
  require_once 'core/includes/install.core.inc';
  $driver = 'Drupal\sqlite\Driver\Database\sqlite';
  $password = bin2hex(random_bytes(8));
  install_drupal($class_loader, [
    'interactive' => FALSE,
    'site_path' => $site_path,
    'parameters' => ['profile' => 'minimal', 'langcode' => 'en'],
    'forms' => [
      'install_settings_form' => ['driver' => $driver, $driver => ['database' => $database]],
      'install_configure_form' => [
        'site_name' => 'Shop',
        'site_mail' => 'shop@example.com',
        'account' => [
          'name' => 'admin',
          'mail' => 'admin@example.com',
          'pass' => ['pass1' => $password, 'pass2' => $password],
        ],
        'enable_update_status_module' => NULL,
        'enable_update_status_emails' => NULL,
      ],
    ],
  ]);
}

/**
 * Appends what a site's owner would write: where the vendors are.
 *
 * The file is read at every request, so that ports and freshness can change.
 */
function causeway_site_settings(string $site_path, string $vendor_file): void {
  $file = "$site_path/settings.php";
  chmod($site_path, 0775);
  chmod($file, 0664);
  $code = <<<'PHP'

$settings['skip_permissions_hardening'] = TRUE;
(static function () use (&$settings): void {
  $vendor = json_decode((string) file_get_contents(%s), TRUE);
  $connection = static fn (string $id, string $base): array => [
    'base_uri' => $vendor[$id] . $base,
    'auth' => ['token_uri' => $vendor['identity'] . '/token', 'client_secret' => "$id-secret"],
    // The vendors of this throw-away site listen on loopback.
    'address' => ['allow_private' => TRUE],
  ];
  $settings['causeway']['connections'] = array_replace_recursive([
    'catalog' => $connection('catalog', '/v1/') + ['webhook' => ['secrets' => [$vendor['catalog_webhook_secret']]]],
    'crm' => $connection('crm', '/') + ['webhook' => ['secrets' => [$vendor['crm_webhook_secret']]]],
    'pricing' => $connection('pricing', '/'),
  ], $vendor['connections'] ?? []);
})();
PHP;
  file_put_contents($file, sprintf($code, var_export($vendor_file, TRUE)), FILE_APPEND);
}
