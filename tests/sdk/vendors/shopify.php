<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    $secret = bin2hex(random_bytes(16));
    $case = static function (string $body, ?string $signature = null, array $more = []) use ($secret): array {
        $headers = [
            'X-Shopify-Hmac-Sha256' => $signature ?? base64_encode(hash_hmac('sha256', $body, $secret, true)),
            'X-Shopify-Topic' => 'orders/create', 'X-Shopify-Shop-Domain' => 'a.myshopify.com',
            'X-Shopify-Api-Version' => '2025-01', 'X-Shopify-Webhook-Id' => 'w1',
        ];

        return $more + [
            'verifier' => ['shopify', ['secrets' => [$secret]]],
            'body' => $body,
            'headers' => $headers,
            'theirs' => ['secret' => $secret, 'body' => $body, 'headers' => $headers],
        ];
    };
    yield 'signed as Shopify does' => $case('{"id":1}');
    yield 'other signature' => $case('{"id":1}', base64_encode(random_bytes(32)), ['expect' => 'both refuse']);
    yield 'cut short' => $case('{"id":1}', 'AAAA', ['expect' => 'both refuse']);
    yield 'empty body' => $case('', null, ['expect' => 'both refuse']);
};
