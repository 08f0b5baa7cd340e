<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Extension;
use Drupal\causeway\Store\Records;
use Drupal\causeway\Store\Schema;
use Drupal\Core\Site\Settings;
use Drupal\KernelTests\KernelTestBase;

/**
 * Installs the module on an empty site.
 */
abstract class CausewayKernelTestBase extends KernelTestBase {

  /**
   * {@inheritdoc}
   */
  protected static $modules = ['system', 'user', 'causeway', 'causeway_test'];

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->installSchema('causeway', array_keys(Schema::tables()));
  }

  /**
   * Skips a test that makes the extension work.
   */
  protected function requireExtension(): void {
    if (!extension_loaded('causeway')) {
      $this->markTestSkipped('The PHP extension "causeway" is not loaded.');
    }
  }

  /**
   * Lets the module see an extension of this version, or none.
   */
  protected function pretendExtension(string|false $version): void {
    $this->container->set(Extension::class, new Extension($version));
  }

  /**
   * Writes into settings.php, so to say.
   *
   * @param array<string, mixed> $causeway
   *   What is under 'causeway'.
   */
  protected function setCausewaySettings(array $causeway): void {
    $this->setSetting('causeway', $causeway);
    $this->assertSame($causeway, Settings::get('causeway'));
  }

  /**
   * The records of this site.
   */
  protected function records(): Records {
    return $this->container->get(Records::class);
  }

  /**
   * A record with every column.
   *
   * @param string $name
   *   What its key is made of.
   * @param array<string, mixed> $values
   *   Values above the defaults.
   *
   * @return array<string, mixed>
   *   The record.
   */
  protected static function record(string $name, array $values = []): array {
    return $values + [
      'key' => hash('sha256', $name),
      'scope' => 'test',
      'label' => $name,
      'state' => 'pending',
      'version' => 1,
      'due_at_ms' => 0,
      'lease_until_ms' => 0,
      'token' => 0,
      'attempts' => 0,
      'checksum' => '',
      'created_at_ms' => 1000,
      'updated_at_ms' => 1000,
      'detail' => '{}',
      'payload' => NULL,
    ];
  }

}
