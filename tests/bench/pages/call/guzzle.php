<?php

declare(strict_types=1);

require $_SERVER['BENCH_AUTOLOAD'];
$response = (new GuzzleHttp\Client(['verify' => $_SERVER['BENCH_CA_FILE']]))->request('GET', $_SERVER['BENCH_BASE_URI'] . '2k.json?n=' . hrtime(true));
http_response_code($response->getStatusCode() === 200 && \strlen((string) $response->getBody()) === 2048 ? 200 : 500);
echo "done\n";
