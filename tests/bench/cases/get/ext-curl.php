<?php

/**
 * @file
 * The bare extension: one handle, its URL and options set once.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $handle = curl_init($arguments['base_uri'] . $arguments['path']);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    $bytes = $arguments['bytes'];

    return [static function (int $times) use ($handle, $bytes): void {
        for (; $times > 0; $times--) {
            $body = curl_exec($handle);
            if (curl_getinfo($handle, CURLINFO_RESPONSE_CODE) !== 200 || \strlen($body) !== $bytes) {
                throw new LogicException('a wrong answer');
            }
        }
    }, 'libcurl ' . curl_version()['version']];
};
