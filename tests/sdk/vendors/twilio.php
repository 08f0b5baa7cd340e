<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    [$secret, $url] = [bin2hex(random_bytes(16)), 'https://shop.example/sms?a=b'];
    $form = static fn (array $params, string $signature, array $more = []): array => $more + [
        'verifier' => ['twilio', ['secrets' => [$secret]]],
        'body' => http_build_query($params),
        'headers' => ['X-Twilio-Signature' => $signature, 'Content-Type' => 'application/x-www-form-urlencoded'],
        'url' => $url,
        'theirs' => ['secret' => $secret, 'url' => $url, 'params' => $params, 'signature' => $signature],
    ];
    $params = ['To' => '+1800', 'From' => '+1415', 'Body' => 'häl lo', 'Empty' => ''];
    $signed = $judge->make('twilio', 'sign', ['secret' => $secret, 'url' => $url, 'params' => $params]);
    yield 'form, signed by the SDK' => $form($params, $signed);
    yield 'other field' => $form(['To' => '+1801'] + $params, $signed, ['expect' => 'both refuse']);
    yield 'other signature' => $form($params, base64_encode(random_bytes(20)), ['expect' => 'both refuse']);

    $body = '{"a":1}';
    $json = static function (string $sent, array $more = []) use ($judge, $secret, $url, $body): array {
        $whole = $url . '&bodySHA256=' . $judge->make('twilio', 'hash', ['body' => $body]);
        $signature = $judge->make('twilio', 'sign', ['secret' => $secret, 'url' => $whole, 'params' => (object) []]);

        return $more + [
            'verifier' => ['twilio', ['secrets' => [$secret]]],
            'body' => $sent,
            'headers' => ['X-Twilio-Signature' => $signature, 'Content-Type' => 'application/json'],
            'url' => $whole,
            'theirs' => ['secret' => $secret, 'url' => $whole, 'params' => null, 'body' => $sent, 'signature' => $signature],
        ];
    };
    yield 'JSON, signed by the SDK' => $json($body);
    yield 'JSON, other body' => $json("$body ", ['expect' => 'both refuse']);
};
