<?php

/**
 * @file
 * Symfony's client in its fastest form for many: as many hosts' connections as may run at once, no
 * buffer, and a window of requests that is streamed until it is empty, then filled again.
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
                $lengths = [];
                foreach ($client->stream($responses) as $response => $chunk) {
                    if ($chunk->isFirst()) {
                        $response->getStatusCode() === 200 || throw new LogicException('a wrong status');
                    }
                    $id = spl_object_id($response);
                    $lengths[$id] = ($lengths[$id] ?? 0) + \strlen($chunk->getContent());
                    $right += $chunk->isLast() && $lengths[$id] === $bytes ? 1 : 0;
                }
            }
            $right === $requests || throw new LogicException("$right right answers");
        }
    }, 'Symfony HttpClient ' . Composer\InstalledVersions::getPrettyVersion('symfony/http-client')];
};
