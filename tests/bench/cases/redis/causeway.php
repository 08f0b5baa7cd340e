<?php

declare(strict_types=1);

return static function (array $arguments): array {
    $ledger = new Causeway\Ledger(new Causeway\Store\RedisStore($arguments['url']));
    $payload = $arguments['payload'];
    $number = 0;

    return [static function (int $times) use ($ledger, $payload, &$number): void {
        for (; $times > 0; $times--) {
            $ledger->claim('crm', 'evt_' . $number++, $payload)->status() === 'won' || throw new LogicException('not won');
        }
    }, ''];
};
