<?php

declare(strict_types=1);

namespace Causeway\Tests\Sdk;

/**
 * The cases of Standard Webhooks and of Svix, which differ in the headers' names.
 *
 * @return iterable<string, array<string, mixed>>
 */
function standard(Judge $judge, string $sdk, string $scheme, string $prefix): iterable
{
    $secret = 'whsec_' . base64_encode(random_bytes(32));
    $key = base64_decode(substr($secret, 6));
    $case = static function (string $id, string $time, string $body, string $signature, array $more = []) use ($secret, $scheme, $prefix): array {
        $headers = ["$prefix-id" => $id, "$prefix-timestamp" => $time, "$prefix-signature" => $signature];

        return $more + [
            'verifier' => [$scheme, ['secrets' => [$secret]]],
            'body' => $body,
            'headers' => $headers,
            'theirs' => ['secret' => $secret, 'body' => $body, 'headers' => $headers],
        ];
    };
    $sign = static fn (string $id, string $time, string $body): string
        => 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    [$now, $body] = [time(), '{"type":"a.b","data":{"é":1}}'];
    $signed = $judge->make($sdk, 'sign', ['secret' => $secret, 'id' => 'msg_1', 'time' => $now, 'body' => $body]);

    yield 'signed by the SDK' => $case('msg_1', "$now", $body, $signed);
    yield 'among others' => $case('msg_1', "$now", $body, "v1,AAAA v2,x $signed");
    yield 'other body' => $case('msg_1', "$now", "$body ", $signed, ['expect' => 'both refuse']);
    yield 'other id' => $case('msg_2', "$now", $body, $signed, ['expect' => 'both refuse']);
    yield 'other version alone' => $case('msg_1', "$now", $body, strtr($signed, ['v1,' => 'v2,']), ['expect' => 'both refuse']);
    foreach (['expired' => -301, 'from the future' => 302] as $name => $offset) {
        $time = (string) ($now + $offset);
        yield $name => $case('msg_1', $time, $body, $sign('msg_1', $time, $body), ['expect' => 'both refuse']);
    }
    foreach (['letters after the time' => "{$now}x", 'time with a plus' => "+$now"] as $name => $time) {
        // The SDK signs the number that it has read, so what is sent is not what is signed.
        yield $name => $case('msg_1', $time, $body, $sign('msg_1', "$now", $body), [
            'expect' => 'we refuse',
            'why' => 'reads a number from the front of the text; only ^[1-9][0-9]{0,15}$ is a time',
        ]);
    }
    yield 'id with a dot' => $case('a.1', "$now", $body, $sign('a.1', "$now", $body), [
        'expect' => 'we refuse',
        'why' => 'id and time could be cut in two ways',
    ]);
    if ($sdk === 'svix') {
        yield 'empty body' => $case('msg_1', "$now", '', $sign('msg_1', "$now", ''), [
            'expect' => 'they refuse',
            'why' => 'it is signed as any other body',
        ]);
    }
}
