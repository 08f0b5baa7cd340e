<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;
use Causeway\Webhook\Signer;

require_once __DIR__ . '/../standard.php';

return static function (Judge $judge): iterable {
    yield from Causeway\Tests\Sdk\standard($judge, 'standardwebhooks', 'standard-webhooks', 'webhook');

    $secrets = ['whsec_' . base64_encode(random_bytes(32)), 'whsec_' . base64_encode(random_bytes(32))];
    $headers = (new Signer('standard-webhooks', ['secrets' => $secrets]))->sign('{"a":1}');
    foreach ($secrets as $number => $secret) {
        yield "signed by us, secret $number" => [
            'verifier' => ['standard-webhooks', ['secrets' => [$secret]]],
            'body' => '{"a":1}',
            'headers' => $headers,
            'theirs' => ['secret' => $secret, 'body' => '{"a":1}', 'headers' => $headers],
        ];
    }
};
