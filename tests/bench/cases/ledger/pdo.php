<?php

/**
 * @file
 * The same by hand: an insert that claims, an update that completes, each on disk before it returns.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    $pdo = new PDO("sqlite:{$arguments['file']}", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $pdo->exec('PRAGMA journal_mode = WAL');
    $pdo->exec('PRAGMA synchronous = FULL');
    $pdo->exec('CREATE TABLE event (id TEXT PRIMARY KEY, checksum TEXT NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL,'
        . ' lease_until INTEGER NOT NULL, attempts INTEGER NOT NULL, outcome TEXT) WITHOUT ROWID');
    $insert = $pdo->prepare("INSERT INTO event VALUES (?, ?, ?, 'claimed', ?, 1, NULL) ON CONFLICT DO NOTHING");
    $update = $pdo->prepare("UPDATE event SET state = 'done', outcome = ? WHERE id = ? AND state = 'claimed'");
    $payload = $arguments['payload'];
    $number = 0;

    return [static function (int $times) use ($insert, $update, $payload, &$number): void {
        for (; $times > 0; $times--) {
            $id = 'crm:evt_' . $number++;
            $insert->execute([$id, hash('sha256', $payload), $payload, time() + 30]);
            $insert->rowCount() === 1 || throw new LogicException('not won');
            $update->execute(['{"ok":true}', $id]);
            $update->rowCount() === 1 || throw new LogicException('not completed');
        }
    }, 'SQLite ' . $pdo->getAttribute(PDO::ATTR_SERVER_VERSION)];
};
