<?php

/**
 * @file
 * The vendor of the kills, run by PHP's built-in server: contacts whose versions stand in a file, as
 * single ones and as a list; orders, each of which is logged with its idempotency key.
 */

declare(strict_types=1);

$directory = (string) getenv('KILLS_DIRECTORY');
$path = trim((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
header('Content-Type: application/json');
if ($path === 'orders') {
    $order = json_decode((string) file_get_contents('php://input'), true);
    file_put_contents("$directory/orders", "{$order['id']} {$_SERVER['HTTP_IDEMPOTENCY_KEY']}\n", FILE_APPEND | LOCK_EX);
    http_response_code(201);
    echo '{}';

    return true;
}
$versions = json_decode((string) file_get_contents("$directory/versions"), true);
$item = static fn (int $id): array => ['id' => $id, 'v' => $versions[$id]];
if ($path === 'contacts') {
    $from = (int) ($_GET['cursor'] ?? 0);
    $size = (int) $_GET['limit'];
    $ids = array_keys($versions);
    $next = $from + $size < count($ids) ? (string) ($from + $size) : null;
    echo json_encode(['items' => array_map($item, array_slice($ids, $from, $size)), 'next_cursor' => $next, 'total' => count($ids)]);

    return true;
}
$id = (int) substr($path, strlen('contacts/'));
if (!isset($versions[$id])) {
    http_response_code(404);

    return true;
}
echo json_encode($item($id));

return true;
