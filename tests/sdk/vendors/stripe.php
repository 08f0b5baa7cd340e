<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;
use Causeway\Webhook\Signer;

return static function (Judge $judge): iterable {
    [$secret, $body, $now] = ['whsec_' . bin2hex(random_bytes(16)), '{"id":"evt_1","object":"event"}', time()];
    $case = static fn (string $signature, array $more = [], string $sent = '{"id":"evt_1","object":"event"}'): array => $more + [
        'verifier' => ['stripe', ['secrets' => [$secret]]],
        'body' => $sent,
        'headers' => ['Stripe-Signature' => $signature],
        'theirs' => ['secret' => $secret, 'body' => $sent, 'signature' => $signature],
    ];
    $mac = static fn (int|string $time): string => hash_hmac('sha256', "$time.$body", $secret);
    $signed = $judge->make('stripe', 'sign', ['secret' => $secret, 'body' => $body, 'time' => $now]);

    yield 'signed by the SDK' => $case($signed);
    yield 'several v1 and a v0' => $case("t=$now,v1=" . str_repeat('0', 64) . ",v1={$mac($now)},v0=x");
    yield 'signed by us, two secrets' => $case((new Signer('stripe', ['secrets' => ['whsec_other', $secret]]))->sign($body)['stripe-signature']);
    yield 'other body' => $case($signed, ['expect' => 'both refuse'], "$body ");
    yield 'v0 alone' => $case("t=$now,v0={$mac($now)}", ['expect' => 'both refuse']);
    yield 'no time' => $case("v1={$mac($now)}", ['expect' => 'both refuse']);
    $past = $now - 302;
    yield 'expired' => $case("t=$past,v1={$mac($past)}", ['expect' => 'both refuse']);
    $future = $now + 3600;
    yield 'from the future' => $case("t=$future,v1={$mac($future)}", [
        'expect' => 'we refuse',
        'why' => 'looks at the age alone; a delivery from the future can be kept and replayed',
    ]);
    yield 'two times' => $case("t=1,t=$now,v1={$mac($now)}", [
        'expect' => 'we refuse',
        'why' => 'takes the last t, other SDKs the first: two readers see two times',
    ]);
};
