<?php

/**
 * @file
 * The scripted vendor's side: answers from a queue on disk, and logs what it was asked.
 *
 * Run by PHP's built-in server; ScriptedVendor starts it and fills the queue.
 */

declare(strict_types=1);

$directory = (string) getenv('VENDOR_DIRECTORY');
$request = [
    'method' => $_SERVER['REQUEST_METHOD'],
    'target' => $_SERVER['REQUEST_URI'],
    'headers' => array_change_key_case(getallheaders()),
    'body' => file_get_contents('php://input'),
];
file_put_contents("$directory/requests", json_encode($request, JSON_THROW_ON_ERROR) . "\n", FILE_APPEND);

$queue = is_file("$directory/answers") ? file("$directory/answers", FILE_IGNORE_NEW_LINES) : [];
$answer = array_shift($queue);
// The last answer stays: a vendor that is down is down for every attempt.
if ($queue !== []) {
    file_put_contents("$directory/answers", implode("\n", $queue) . "\n");
}
$answer = $answer === null ? ['status' => 404, 'headers' => [], 'body' => ''] : json_decode($answer, true);

http_response_code($answer['status']);
foreach ($answer['headers'] as $name => $value) {
    header("$name: $value");
}
echo $answer['body'];

return true;
