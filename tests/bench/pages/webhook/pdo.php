<?php

/**
 * @file
 * The same endpoint by hand: hash_hmac(), a persistent PDO, one insert, WAL, synchronous=FULL.
 */

declare(strict_types=1);

$body = (string) file_get_contents('php://input');
[$id, $time, $signatures] = [$_SERVER['HTTP_WEBHOOK_ID'] ?? '', $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? ''];
$is_right = false;
if ($id !== '' && ctype_digit($time) && abs(time() - (int) $time) <= 300) {
    $key = base64_decode(substr($_SERVER['BENCH_SECRET'], 6), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    foreach (explode(' ', $signatures) as $signature) {
        $is_right = $is_right || hash_equals($expected, $signature);
    }
}
if ($is_right) {
    $pdo = new PDO("sqlite:{$_SERVER['BENCH_STORE']}", null, null, [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $pdo->exec('PRAGMA synchronous = FULL');
    $pdo->prepare("INSERT INTO event VALUES (?, ?, ?, 'pending', ?) ON CONFLICT DO NOTHING")->execute([$id, hash('sha256', $body), $body, time()]);
}
http_response_code($is_right ? 202 : 401);
echo "done\n";
