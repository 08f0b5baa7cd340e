<?php

/**
 * @file
 * A vendor with as many rows as MILLION_ROWS says, made as they are asked for; for PHP's built-in server.
 */

declare(strict_types=1);

$total = (int) getenv('MILLION_ROWS');
[$from, $size] = [(int) ($_GET['offset'] ?? 0), (int) ($_GET['limit'] ?? 100)];
header('Content-Type: application/json');
echo '{"items":[';
for ($id = $from; $id < min($from + $size, $total); $id++) {
    echo $id > $from ? ',' : '', '{"id":', $id, ',"name":"Contact ', $id, '","email":"contact', $id, '@example.org","active":', $id % 3 ? 'true' : 'false', ',"balance":', $id * 7 % 100_000, '}';
}
echo '],"total":', $total, '}';

return true;
