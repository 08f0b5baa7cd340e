<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    [$secret, $url, $body, $now] = [bin2hex(random_bytes(16)), 'https://shop.example/hubspot?a=b', '[{"eventId":1}]', time() * 1000];
    $v3 = static function (int $time, ?string $signature = null, array $more = []) use ($secret, $url, $body): array {
        $signature ??= base64_encode(hash_hmac('sha256', "POST$url$body$time", $secret, true));

        return $more + [
            'verifier' => ['hubspot', ['secrets' => [$secret], 'version' => 'v3']],
            'body' => $body,
            'headers' => ['X-HubSpot-Signature-v3' => $signature, 'X-HubSpot-Request-Timestamp' => "$time"],
            'url' => $url,
            'theirs' => [
                'version' => 'v3', 'secret' => $secret, 'body' => $body, 'url' => $url, 'method' => 'POST',
                'timestamp' => $time, 'signature' => $signature,
            ],
        ];
    };
    yield 'v3, signed as HubSpot does' => $v3($now);
    yield 'other signature' => $v3($now, base64_encode(random_bytes(32)), ['expect' => 'both refuse']);
    yield 'expired' => $v3($now - 310_000, null, ['expect' => 'both refuse']);
    yield 'from the future' => $v3($now + 3_600_000, null, [
        'expect' => 'we refuse',
        'why' => 'looks at the age alone; a delivery from the future can be kept and replayed',
    ]);
    foreach (['v1' => "$secret$body", 'v2' => "{$secret}POST$url$body"] as $version => $text) {
        $signature = hash('sha256', $text);
        yield "$version, signed as HubSpot does" => [
            'verifier' => ['hubspot', ['secrets' => [$secret], 'version' => $version]],
            'body' => $body,
            'headers' => ['X-HubSpot-Signature' => $signature],
            'url' => $url,
            'theirs' => [
                'version' => $version, 'secret' => $secret, 'body' => $body, 'url' => $url, 'method' => 'POST', 'signature' => $signature,
            ],
        ];
    }
};
