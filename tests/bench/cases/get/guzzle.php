<?php

/**
 * @file
 * Guzzle with one client, which keeps its connection.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    require $arguments['autoload'];
    $client = new GuzzleHttp\Client();
    [$uri, $bytes] = [$arguments['base_uri'] . $arguments['path'], $arguments['bytes']];

    return [static function (int $times) use ($client, $uri, $bytes): void {
        for (; $times > 0; $times--) {
            $response = $client->request('GET', $uri);
            if ($response->getStatusCode() !== 200 || \strlen((string) $response->getBody()) !== $bytes) {
                throw new LogicException('a wrong answer');
            }
        }
    }, 'Guzzle ' . Composer\InstalledVersions::getPrettyVersion('guzzlehttp/guzzle')];
};
