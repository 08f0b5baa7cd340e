<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Controller;

use Causeway\Metrics;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Extension;
use Drupal\causeway\Store\Records;
use Symfony\Component\HttpFoundation\JsonResponse;

/**
 * What a monitor wants to know of the shop.
 */
final class HealthController {

  public function __construct(
    private readonly Extension $extension,
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    private readonly Records $records,
  ) {}

  /**
   * Counters of all connections; 503 without the extension.
   */
  public function __invoke(): JsonResponse {
    if (!$this->extension->isUsable()) {
      return new JsonResponse(['problem' => $this->extension->problem()], 503);
    }
    $metrics = [];
    foreach ($this->connections->ids() as $id) {
      $metrics[$id] = Metrics::connection($id, $this->clients->namespace());
    }
    return new JsonResponse([
      'connections' => $metrics,
      'segment' => Metrics::segment(),
      'inbox' => $this->records->counts('inbox'),
    ]);
  }

}
