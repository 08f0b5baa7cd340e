<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

return static function (Judge $judge): iterable {
    $secret = bin2hex(random_bytes(32));
    $item = [
        'pspReference' => '7914073381342284', 'originalReference' => '', 'merchantAccountCode' => 'TestMerchant',
        'merchantReference' => 'Payment-1', 'amount' => ['value' => 1130, 'currency' => 'EUR'],
        'eventCode' => 'AUTHORISATION', 'success' => 'true', 'eventDate' => '2024-01-01T00:00:00+00:00', 'additionalData' => (object) [],
    ];
    $signature = $judge->make('adyen', 'sign', ['secret' => $secret, 'item' => $item]);
    $case = static function (array $changes, array $more = [], array $options = []) use ($secret, $item, $signature): array {
        $item = $changes + $item;
        $item['additionalData'] = ['hmacSignature' => $signature];

        return $more + [
            'verifier' => ['adyen', ['secrets' => [$secret]] + $options],
            'body' => json_encode(['live' => 'false', 'notificationItems' => [['NotificationRequestItem' => $item]]], JSON_THROW_ON_ERROR),
            'headers' => [],
            'theirs' => ['secret' => $secret, 'item' => $item],
        ];
    };
    yield 'signed by the SDK' => $case([]);
    yield 'other amount' => $case(['amount' => ['value' => 1131, 'currency' => 'EUR']], ['expect' => 'both refuse']);
    yield 'other success' => $case(['success' => 'false'], ['expect' => 'both refuse']);
    // One signed text, cut in another way: the reference has moved into the account's field.
    yield 'colon cut in another way' => $case(
        ['merchantAccountCode' => 'TestMerchant:Payment-1', 'merchantReference' => ''],
        ['expect' => 'both refuse'],
    );
    yield 'account of another' => $case([], [
        'expect' => 'we refuse',
        'why' => 'one key may serve several accounts; merchant_account pins ours',
    ], ['merchant_account' => 'OtherMerchant']);
};
