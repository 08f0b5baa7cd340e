<?php

/**
 * @file
 * The inboxes of the flood: one for each source, all in one store.
 */

declare(strict_types=1);

namespace Causeway\Proof;

use Causeway\Client;
use Causeway\Inbox;
use Causeway\Store\SqliteStore;

/**
 * @param array{store: string, namespace: string, sources: list<string>} $arguments
 *
 * @return array<string, Inbox>
 */
function flood_inboxes(array $arguments): array
{
    $store = new SqliteStore($arguments['store']);
    $inboxes = [];
    foreach ($arguments['sources'] as $source) {
        $inboxes[$source] = new Inbox(new Client($source, [
            'namespace' => $arguments['namespace'],
            'base_uri' => 'https://vendor.example/',
            'webhook' => ['scheme' => 'standard-webhooks', 'secrets' => ['whsec_' . base64_encode(str_repeat('k', 24))]],
        ], $store));
    }

    return $inboxes;
}
