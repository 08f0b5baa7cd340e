<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;
use Causeway\Webhook\Signer;

return static function (Judge $judge): iterable {
    [$secret, $body] = [bin2hex(random_bytes(16)), '{"zen":"é"}'];
    $case = static fn (string $signature, array $more = [], string $sent = '{"zen":"é"}'): array => $more + [
        'verifier' => ['github', ['secrets' => [$secret]]],
        'body' => $sent,
        'headers' => ['X-Hub-Signature-256' => $signature],
        'theirs' => ['secret' => $secret, 'body' => $sent, 'signature' => $signature],
    ];
    $signed = $judge->make('octokit', 'sign', ['secret' => $secret, 'body' => $body]);

    yield 'signed by the SDK' => $case($signed);
    yield 'signed by us' => $case((new Signer('github', ['secrets' => [$secret]]))->sign($body)['x-hub-signature-256']);
    yield 'other body' => $case($signed, ['expect' => 'both refuse'], "$body ");
    yield 'cut short' => $case(substr($signed, 0, -2), ['expect' => 'both refuse']);
    yield 'SHA-1' => $case('sha1=' . hash_hmac('sha1', $body, $secret), ['expect' => 'both refuse']);
    yield 'upper case' => $case('sha256=' . strtoupper(substr($signed, 7)), [
        'expect' => 'they refuse',
        'why' => 'hex is the same in either case; decoded bytes are compared',
    ]);
};
