<?php

declare(strict_types=1);

return static function (array $arguments): array {
    [$message, $key] = (require __DIR__ . '/signed.php')($arguments['bytes']);
    $der = hex2bin('302a300506032b6570032100') . $key;
    $pem = "-----BEGIN PUBLIC KEY-----\n" . base64_encode($der) . "\n-----END PUBLIC KEY-----\n";
    $verifier = new Causeway\Http\MessageVerifier([
        'keys' => [['algorithm' => 'ed25519', 'public_key' => $pem, 'keyid' => 'bench']], 'tolerance_s' => 3600,
    ]);

    return [static function (int $times) use ($verifier, $message): void {
        for (; $times > 0; $times--) {
            $verifier->verify($message);
        }
    }, ''];
};
