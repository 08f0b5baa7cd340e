<?php

/**
 * @file
 * The least that a claim by hand could be: one SET NX with the payload over a bare socket.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $socket = stream_socket_client('unix://' . $arguments['socket']) ?: throw new RuntimeException('no Redis');
    $payload = $arguments['payload'];
    $length = strlen($payload);
    $number = 0;

    return [static function (int $times) use ($socket, $payload, $length, &$number): void {
        for (; $times > 0; $times--) {
            $key = 'crm:evt_' . $number++;
            fwrite($socket, "*6\r\n$3\r\nSET\r\n$" . strlen($key) . "\r\n$key\r\n$$length\r\n$payload\r\n$2\r\nNX\r\n$2\r\nPX\r\n$5\r\n30000\r\n");
            fgets($socket) === "+OK\r\n" || throw new LogicException('not set');
        }
    }, ''];
};
