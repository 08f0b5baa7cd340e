<?php

/**
 * @file
 * The same by hand: one prepared select by key, and json_decode().
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $pdo = new PDO("sqlite:{$arguments['file']}", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $pdo->exec('PRAGMA journal_mode = WAL');
    $pdo->exec('CREATE TABLE snapshot (id TEXT PRIMARY KEY, fresh_until INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID');
    $pdo->prepare('INSERT INTO snapshot VALUES (?, ?, ?)')->execute(['file:2k', time() + 86_400, file_get_contents($arguments['base_uri'] . '2k.json')]);
    $select = $pdo->prepare('SELECT fresh_until, body FROM snapshot WHERE id = ?');

    return [static function (int $times) use ($select): int {
        $taken = [];
        for ($left = $times; $left > 0; $left--) {
            $begun = hrtime(true);
            $select->execute(['file:2k']);
            [$until, $body] = $select->fetch(PDO::FETCH_NUM);
            $select->closeCursor();
            $data = $until > time() ? json_decode($body, true, 128, JSON_THROW_ON_ERROR) : null;
            $taken[] = hrtime(true) - $begun;
            ($data['id'] ?? null) === 42 || throw new LogicException('another snapshot');
        }
        sort($taken);

        return $taken[intdiv($times, 2)] * $times;
    }, 'SQLite ' . $pdo->getAttribute(PDO::ATTR_SERVER_VERSION)];
};
