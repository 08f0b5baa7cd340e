<?php

/**
 * @file
 * Symfony's client in its fastest form for many: as many connections as may run at once, no buffer,
 * and batches of so many. Measured against it: stream() over a batch takes 1.1 times as long, a
 * sliding window 1.7 times, all requests at once 50 times.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    require $arguments['autoload'];
    ['bytes' => $bytes, 'requests' => $requests, 'at_once' => $atOnce] = $arguments;
    $client = new Symfony\Component\HttpClient\CurlHttpClient(['buffer' => false], $atOnce);
    $uri = $arguments['base_uri'] . $arguments['path'];

    return [static function (int $times) use ($client, $uri, $bytes, $requests, $atOnce): void {
        for (; $times > 0; $times--) {
            $right = 0;
            for ($begun = 0; $begun < $requests; $begun += $atOnce) {
                $responses = [];
                for ($place = 0; $place < $atOnce; $place++) {
                    $responses[] = $client->request('GET', $uri);
                }
                foreach ($responses as $response) {
                    $right += $response->getStatusCode() === 200 && \strlen($response->getContent()) === $bytes ? 1 : 0;
                }
            }
            $right === $requests || throw new LogicException("$right right answers");
        }
    }, 'Symfony HttpClient ' . Composer\InstalledVersions::getPrettyVersion('symfony/http-client')];
};
