<?php

/**
 * @file
 * The same by hand with ext-sodium, for this one shape of message: what is covered, the digest, the
 * window, the signature.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    [$message, $key] = (require __DIR__ . '/signed.php')($arguments['bytes']);
    $verify = static function (array $message) use ($key): bool {
        $headers = $message['headers'];
        $pattern = '/^sig1=(\("@method" "@target-uri" "content-digest"\);created=(\d+);keyid="bench";alg="ed25519")$/';
        if (preg_match($pattern, $headers['signature-input'] ?? '', $input) !== 1 || abs(time() - (int) $input[2]) > 3600) {
            return false;
        }
        if (preg_match('/^sig1=:([A-Za-z0-9+\/=]+):$/', $headers['signature'] ?? '', $signature) !== 1) {
            return false;
        }
        $digest = 'sha-256=:' . base64_encode(hash('sha256', $message['body'], true)) . ':';
        if (!hash_equals($digest, $headers['content-digest'] ?? '')) {
            return false;
        }
        $base = "\"@method\": {$message['method']}\n\"@target-uri\": {$message['url']}\n\"content-digest\": $digest\n\"@signature-params\": $input[1]";
        $bytes = (string) base64_decode($signature[1], true);

        return strlen($bytes) === SODIUM_CRYPTO_SIGN_BYTES && sodium_crypto_sign_verify_detached($bytes, $base, $key);
    };

    return [static function (int $times) use ($verify, $message): void {
        for (; $times > 0; $times--) {
            $verify($message) || throw new LogicException('refused');
        }
    }, ''];
};
