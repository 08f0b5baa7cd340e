<?php

/**
 * @file
 * What the workers share: their arguments, a client, and how they answer.
 */

declare(strict_types=1);

set_error_handler(static fn (int $level, string $text, string $file, int $line): bool
    => (error_reporting() & $level) !== 0 ? throw new ErrorException($text, 0, $level, $file, $line) : true);

/** @return array<string, mixed> */
function arguments(): array
{
    return json_decode($_SERVER['argv'][1], true, 16, JSON_THROW_ON_ERROR);
}

/** @param array<string, mixed> $arguments name, base_uri, options, store. */
function client(array $arguments): Causeway\Client
{
    $store = isset($arguments['store']) ? new Causeway\Store\SqliteStore($arguments['store']) : null;

    return new Causeway\Client($arguments['name'], ($arguments['options'] ?? []) + ['base_uri' => $arguments['base_uri'], 'address' => ['allow_private' => true]], $store);
}

/** @param array<string, mixed> $answer */
function answer(array $answer): void
{
    fwrite(STDOUT, json_encode($answer, JSON_THROW_ON_ERROR) . "\n");
}

/** The class of a failure without its namespace, with what is known. */
function described(Throwable $failure): string
{
    return substr((string) strrchr($failure::class, '\\'), 1) . ($failure instanceof Causeway\Exception\CallException ? "($failure->sent)" : '') . ": {$failure->getMessage()}";
}
