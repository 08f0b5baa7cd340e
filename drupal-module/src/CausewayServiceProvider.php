<?php

declare(strict_types=1);

namespace Drupal\causeway;

use Drupal\causeway\Connection\ConnectionsPass;
use Drupal\Core\DependencyInjection\ContainerBuilder;
use Drupal\Core\DependencyInjection\ServiceProviderInterface;

/**
 * Makes services from the connections that modules declare.
 */
final class CausewayServiceProvider implements ServiceProviderInterface {

  /**
   * {@inheritdoc}
   */
  public function register(ContainerBuilder $container): void {
    // A pass, since the application's root is not known yet in here.
    $container->addCompilerPass(new ConnectionsPass());
  }

}
