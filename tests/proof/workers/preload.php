<?php

/**
 * @file
 * For opcache.preload: the client is already used in the process of which all others are forked.
 */

declare(strict_types=1);

final class Preloaded
{
    public static int $status = 0;
}

(static function (): void {
    $client = new Causeway\Client('vendor', ['base_uri' => (string) getenv('PROOF_BASE_URI'), 'address' => ['allow_private' => true]]);
    file_put_contents((string) getenv('PROOF_PRELOADED'), (string) $client->get('ok')->getStatusCode());
})();
