<?php

/**
 * @file
 * The signed request that both sides verify, made with ext-sodium; and the public key.
 */

declare(strict_types=1);

/** @return array{0: array{method: string, url: string, headers: array<string, string>, body: string}, 1: string} */
return static function (int $bytes): array {
    $body = '{"type":"contact.updated","data":{"id":"c7","text":"' . str_repeat('x', $bytes - 55) . '"}}';
    [$url, $digest, $time] = ['https://shop.example/hooks/crm', 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':', time()];
    $parameters = "(\"@method\" \"@target-uri\" \"content-digest\");created=$time;keyid=\"bench\";alg=\"ed25519\"";
    $pair = sodium_crypto_sign_seed_keypair(str_repeat("\x2a", 32));
    $base = "\"@method\": POST\n\"@target-uri\": $url\n\"content-digest\": $digest\n\"@signature-params\": $parameters";
    $signature = base64_encode(sodium_crypto_sign_detached($base, sodium_crypto_sign_secretkey($pair)));
    $headers = ['content-type' => 'application/json', 'content-digest' => $digest, 'signature-input' => "sig1=$parameters", 'signature' => "sig1=:$signature:"];

    return [['method' => 'POST', 'url' => $url, 'headers' => $headers, 'body' => $body], sodium_crypto_sign_publickey($pair)];
};
