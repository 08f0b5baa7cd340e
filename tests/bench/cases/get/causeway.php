<?php

declare(strict_types=1);

return static function (array $arguments): array {
    $client = (require \dirname(__DIR__) . '/client.php')($arguments);
    ['path' => $path, 'bytes' => $bytes] = $arguments;

    return [static function (int $times) use ($client, $path, $bytes): void {
        for (; $times > 0; $times--) {
            $response = $client->get($path);
            if ($response->getStatusCode() !== 200 || \strlen($response->text()) !== $bytes) {
                throw new LogicException('a wrong answer');
            }
        }
    }, ''];
};
