<?php

/**
 * @file
 * The same by hand, with everything that a careful program checks, and nothing else.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    [$body, $headers, $secret] = (require __DIR__ . '/delivery.php')($arguments['bytes']);
    $key = base64_decode(substr($secret, 6), true);
    $verify = static function (string $body, array $headers) use ($key): bool {
        [$id, $time] = [$headers['webhook-id'] ?? '', $headers['webhook-timestamp'] ?? ''];
        if ($id === '' || !ctype_digit($time) || abs(time() - (int) $time) > 3600) {
            return false;
        }
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
        foreach (explode(' ', $headers['webhook-signature'] ?? '') as $signature) {
            if (hash_equals($expected, $signature)) {
                return true;
            }
        }

        return false;
    };

    return [static function (int $times) use ($verify, $body, $headers): void {
        for (; $times > 0; $times--) {
            $verify($body, $headers) || throw new LogicException('refused');
        }
    }, 'PHP ' . PHP_VERSION];
};
