<?php

declare(strict_types=1);

$client = (require \dirname(__DIR__, 2) . '/cases/client.php')([
    'base_uri' => $_SERVER['BENCH_BASE_URI'], 'ca_file' => $_SERVER['BENCH_CA_FILE'], 'store' => $_SERVER['BENCH_STORE'],
]);
$response = $client->get('2k.json?n=' . hrtime(true));
http_response_code($response->getStatusCode() === 200 && \strlen($response->text()) === 2048 ? 200 : 500);
echo "done\n";
