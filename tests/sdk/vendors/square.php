<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    [$secret, $url] = [bin2hex(random_bytes(16)), 'https://shop.example/square'];
    $case = static function (string $body, ?string $signature = null, array $more = []) use ($secret, $url): array {
        $signature ??= base64_encode(hash_hmac('sha256', $url . $body, $secret, true));

        return $more + [
            'verifier' => ['square', ['secrets' => [$secret], 'notification_url' => $url]],
            'body' => $body,
            'headers' => ['x-square-hmacsha256-signature' => $signature],
            'theirs' => ['secret' => $secret, 'body' => $body, 'url' => $url, 'signature' => $signature],
        ];
    };
    yield 'signed as Square does' => $case('{"event_id":"e1"}');
    yield 'other signature' => $case('{"event_id":"e1"}', base64_encode(random_bytes(32)), ['expect' => 'both refuse']);
    yield 'no signature' => $case('{"event_id":"e1"}', '', ['expect' => 'both refuse']);
    yield 'empty body' => $case('', null, [
        'expect' => 'we refuse',
        'why' => 'no event has no body; Square\'s own PHP SDK refuses it as well',
    ]);
};
