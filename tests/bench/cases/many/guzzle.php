<?php

/**
 * @file
 * Guzzle's pool over one client.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    require $arguments['autoload'];
    $client = new GuzzleHttp\Client();
    $uri = $arguments['base_uri'] . $arguments['path'];
    ['bytes' => $bytes, 'requests' => $requests, 'at_once' => $atOnce] = $arguments;
    $all = static function () use ($client, $uri, $requests): Generator {
        for ($left = $requests; $left > 0; $left--) {
            yield static fn () => $client->requestAsync('GET', $uri);
        }
    };

    return [static function (int $times) use ($client, $all, $bytes, $requests, $atOnce): void {
        for (; $times > 0; $times--) {
            $right = 0;
            $pool = new GuzzleHttp\Pool($client, $all(), ['concurrency' => $atOnce, 'fulfilled' => static function ($response) use (&$right, $bytes): void {
                $right += $response->getStatusCode() === 200 && \strlen((string) $response->getBody()) === $bytes ? 1 : 0;
            }]);
            $pool->promise()->wait();
            $right === $requests || throw new LogicException("$right right answers");
        }
    }, 'Guzzle ' . Composer\InstalledVersions::getPrettyVersion('guzzlehttp/guzzle')];
};
