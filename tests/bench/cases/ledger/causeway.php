<?php

declare(strict_types=1);

return static function (array $arguments): array {
    $ledger = new Causeway\Ledger(new Causeway\Store\SqliteStore($arguments['file']));
    $payload = $arguments['payload'];
    $number = 0;

    return [static function (int $times) use ($ledger, $payload, &$number): void {
        for (; $times > 0; $times--) {
            $claim = $ledger->claim('crm', 'evt_' . $number++, $payload);
            $claim->status() === 'won' || throw new LogicException($claim->status());
            $claim->complete(['ok' => true]);
        }
    }, ''];
};
