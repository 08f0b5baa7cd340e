<?php

declare(strict_types=1);

namespace Shop;

use Causeway\Metrics;

/**
 * How the shop is: counters of each connection, and what waits in the inboxes.
 */
final class Health {

  public function __construct(private readonly Shop $shop) {}

  public function page(): Reply {
    $connections = $inbox = [];
    foreach (['catalog', 'crm', 'pricing'] as $name) {
      $connections[$name] = Metrics::connection($name);
    }
    foreach (['catalog', 'crm'] as $name) {
      $inbox[$name] = $this->shop->inbox($name)->ledger()->counts($name);
    }
    return Reply::json(200, json_encode(
      ['connections' => $connections, 'inbox' => $inbox, 'segment' => Metrics::segment(), 'switches' => $this->shop->switches()->all()],
      JSON_THROW_ON_ERROR | JSON_FORCE_OBJECT,
    ));
  }

}
