<?php

declare(strict_types=1);

$client = new Causeway\Client('started', ['base_uri' => $_SERVER['PROOF_BASE_URI'], 'address' => ['allow_private' => true]]);
$client->start('GET', 'slow/200');
echo "done\n";
