<?php

/**
 * @file
 * The endpoint as the README has it: verify, record on disk, answer.
 */

declare(strict_types=1);

$client = new Causeway\Client('crm', [
    'base_uri' => 'https://crm.vendor.example/',
    'webhook' => ['scheme' => 'standard-webhooks', 'secrets' => [$_SERVER['BENCH_SECRET']]],
], new Causeway\Store\SqliteStore($_SERVER['BENCH_STORE']));
$receipt = (new Causeway\Inbox($client))->receive((string) file_get_contents('php://input'), $_SERVER);
http_response_code($receipt->status());
echo "done\n";
