<?php

/**
 * @file
 * Symfony's client over curl. Without a buffer it is the fastest: each body is read once.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    require $arguments['autoload'];
    $client = new Symfony\Component\HttpClient\CurlHttpClient(['buffer' => false]);
    [$uri, $bytes] = [$arguments['base_uri'] . $arguments['path'], $arguments['bytes']];

    return [static function (int $times) use ($client, $uri, $bytes): void {
        for (; $times > 0; $times--) {
            $response = $client->request('GET', $uri);
            if ($response->getStatusCode() !== 200 || \strlen($response->getContent()) !== $bytes) {
                throw new LogicException('a wrong answer');
            }
        }
    }, 'Symfony HttpClient ' . Composer\InstalledVersions::getPrettyVersion('symfony/http-client')];
};
