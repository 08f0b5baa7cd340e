<?php

declare(strict_types=1);

namespace Drupal\causeway\Connection;

use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Snapshot\SnapshotsFactory;
use Drupal\causeway\Snapshot\SnapshotsInterface;
use Drupal\Component\Serialization\Exception\InvalidDataTypeException;
use Drupal\Component\Serialization\Yaml;
use Symfony\Component\DependencyInjection\Compiler\CompilerPassInterface;
use Symfony\Component\DependencyInjection\ContainerBuilder;
use Symfony\Component\DependencyInjection\Definition;
use Symfony\Component\DependencyInjection\Reference;

/**
 * Reads MODULE.connections.yml of all modules and defines their services.
 *
 * For a connection "crm": causeway.client.crm (\Causeway\Client $crmClient)
 * and causeway.snapshots.crm (SnapshotsInterface $crmSnapshots), both also by
 * #[Target('crm')]. Only which services exist is decided here: the container
 * is built before configuration can be read.
 */
final class ConnectionsPass implements CompilerPassInterface {

  /**
   * {@inheritdoc}
   */
  public function process(ContainerBuilder $container): void {
    $root = (string) $container->getParameter('app.root');
    $declared = [];
    foreach ((array) $container->getParameter('container.modules') as $module => $info) {
      $file = dirname($info['pathname']) . "/$module.connections.yml";
      foreach ($this->read("$root/$file", $file) as $id => $options) {
        $declared[$id] = $this->check((string) $id, $file, $options, $declared);
      }
    }
    foreach (array_keys($declared) as $id) {
      $this->define($container, $id, 'client', 'Causeway\Client', new Reference(ClientFactory::class));
      $this->define($container, $id, 'snapshots', SnapshotsInterface::class, new Reference(SnapshotsFactory::class));
    }
    $container->setParameter('causeway.connections', $container->getParameterBag()->escapeValue($declared));
  }

  /**
   * The content of one file, [] when there is none.
   *
   * @return array<mixed>
   *   Options by id, not yet checked.
   */
  private function read(string $path, string $file): array {
    if (!is_file($path)) {
      return [];
    }
    try {
      $content = Yaml::decode((string) file_get_contents($path)) ?? [];
    }
    catch (InvalidDataTypeException $e) {
      throw ConnectionException::option('*', $file, '', 'not YAML: ' . $e->getMessage(), $e);
    }
    return is_array($content) ? $content : throw ConnectionException::option('*', $file, '', 'must be a map of connections');
  }

  /**
   * Refuses what could not become a service.
   *
   * @param string $id
   *   The name of the connection.
   * @param string $file
   *   The file that declares it.
   * @param mixed $options
   *   What it declares.
   * @param array<string, array{file: string, options: array<string, mixed>}> $declared
   *   What other files declare.
   *
   * @return array{file: string, options: array<string, mixed>}
   *   One entry of the container's parameter.
   */
  private function check(string $id, string $file, mixed $options, array $declared): array {
    $problem = match (TRUE) {
      !preg_match('/^[a-z][a-z0-9_]*$/', $id) => 'a name is of small letters, digits and underscores, and begins with a letter',
      !is_array($options) || array_is_list($options) => 'must be a map of options',
      isset($declared[$id]) => 'is declared in ' . $declared[$id]['file'] . ' already',
      default => NULL,
    };
    if ($problem !== NULL) {
      throw ConnectionException::option($id, $file, '', $problem);
    }
    SecretReferences::refuseLiterals($id, $file, $options);
    return ['file' => $file, 'options' => $options];
  }

  /**
   * Defines a service of a connection, and its names for arguments.
   */
  private function define(ContainerBuilder $container, string $id, string $kind, string $type, Reference $factory): void {
    $service = "causeway.$kind.$id";
    $container->setDefinition($service, (new Definition($type))
      ->setFactory([$factory, $kind])
      ->setArguments([$id])
      ->setPublic(TRUE)
      ->addTag("causeway.$kind", ['id' => $id]));
    $container->registerAliasForArgument($service, $type, "{$id}_$kind", $id);
  }

}
