<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    [$secret, $body, $now] = ['pdl_ntf_' . bin2hex(random_bytes(16)), '{"event_id":"evt_1"}', time()];
    $mac = static fn (int|string $time): string => hash_hmac('sha256', "$time:$body", $secret);
    $case = static fn (string $signature, array $more = []): array => $more + [
        'verifier' => ['paddle', ['secrets' => [$secret]]],
        'body' => $body,
        'headers' => ['Paddle-Signature' => $signature],
        'theirs' => ['secret' => $secret, 'body' => $body, 'signature' => $signature],
    ];
    yield 'signed as Paddle does' => $case("ts=$now;h1={$mac($now)}");
    yield 'other signature' => $case("ts=$now;h1=" . str_repeat('0', 64), ['expect' => 'both refuse']);
    $past = $now - 60;
    yield 'expired' => $case("ts=$past;h1={$mac($past)}", ['expect' => 'both refuse']);
    $future = $now + 3600;
    yield 'from the future' => $case("ts=$future;h1={$mac($future)}", [
        'expect' => 'we refuse',
        'why' => 'looks at the age alone; a delivery from the future can be kept and replayed',
    ]);
    yield 'letters after the time' => $case("ts={$now}x;h1={$mac($now)}", [
        'expect' => 'we refuse',
        'why' => 'reads a number from the front of the text; only ^[1-9][0-9]{0,15}$ is a time',
    ]);
    yield 'two signatures, the first holds' => $case("ts=$now;h1={$mac($now)};h1=" . str_repeat('0', 64), [
        'expect' => 'they refuse',
        'why' => 'takes the last h1 alone; several stand there while a secret is rolled',
    ]);
};
