<?php

declare(strict_types=1);

$client = new Causeway\Client('vendor', ['base_uri' => $_SERVER['PROOF_BASE_URI'], 'address' => ['allow_private' => true]]);
http_response_code($client->get($_SERVER['PROOF_PATH'] ?? 'ok')->getStatusCode());
echo "done\n";
