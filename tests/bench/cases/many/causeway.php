<?php

/**
 * @file
 * all(): one piece of work is all requests, so many at once.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $client = (require \dirname(__DIR__) . '/client.php')($arguments);
    ['path' => $path, 'bytes' => $bytes, 'requests' => $requests, 'at_once' => $atOnce] = $arguments;

    return [static function (int $times) use ($client, $path, $bytes, $requests, $atOnce): void {
        for (; $times > 0; $times--) {
            $right = 0;
            foreach ($client->all(array_fill(0, $requests, ['GET', $path]), $atOnce) as $response) {
                $right += $response->getStatusCode() === 200 && \strlen($response->text()) === $bytes ? 1 : 0;
            }
            $right === $requests || throw new LogicException('a wrong answer');
        }
    }, ''];
};
