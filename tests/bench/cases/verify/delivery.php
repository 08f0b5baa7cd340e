<?php

/**
 * @file
 * The delivery that both sides verify: body, headers and secret.
 */

declare(strict_types=1);

/** @return array{0: string, 1: array<string, string>, 2: string} */
return static function (int $bytes): array {
    $body = '{"type":"contact.updated","data":{"id":"c7","text":"' . str_repeat('x', $bytes - 55) . '"}}';
    $key = str_repeat("\x2a\x91", 16);
    [$id, $time] = ['evt_2Yb4pXgkNqWmV8rT', (string) time()];
    $signature = base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));

    return [$body, ['webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => "v1,$signature"], 'whsec_' . base64_encode($key)];
};
