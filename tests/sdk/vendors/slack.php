<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    [$secret, $body, $now] = [bin2hex(random_bytes(16)), '{"type":"event_callback","event_id":"Ev1"}', time()];
    $case = static function (string $time, ?string $signature = null, array $more = []) use ($secret, $body): array {
        $headers = [
            'x-slack-request-timestamp' => $time,
            'x-slack-signature' => $signature ?? 'v0=' . hash_hmac('sha256', "v0:$time:$body", $secret),
        ];

        return $more + [
            'verifier' => ['slack', ['secrets' => [$secret]]],
            'body' => $body,
            'headers' => $headers,
            'theirs' => ['secret' => $secret, 'body' => $body, 'headers' => $headers],
        ];
    };
    yield 'signed as Slack does' => $case("$now");
    yield 'other signature' => $case("$now", 'v0=' . str_repeat('0', 64), ['expect' => 'both refuse']);
    yield 'other version' => $case("$now", 'v1=' . hash_hmac('sha256', "v0:$now:$body", $secret), ['expect' => 'both refuse']);
    yield 'expired' => $case((string) ($now - 302), null, ['expect' => 'both refuse']);
    yield 'a time that is no number' => $case('x', null, [
        'expect' => 'we refuse',
        'why' => 'no number is older than five minutes, so its check of the age passes',
    ]);
    yield 'from the future' => $case((string) ($now + 3600), null, [
        'expect' => 'we refuse',
        'why' => 'looks at the age alone; a delivery from the future can be kept and replayed',
    ]);
};
