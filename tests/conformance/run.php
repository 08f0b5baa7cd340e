<?php

/**
 * @file
 * Runs one file of conformance cases through the extension's public API.
 *
 * Usage: php tests/conformance/run.php FILE.json, with the extension loaded.
 *
 * Prints a line for each case that does not come out as expected, and last "N passed, N failed".
 * Exits 0 when none failed, 1 when some did, 2 when the file or the extension cannot be used. What
 * is not known (a suite, a scheme, a field) is a failed case: silence would look like a success.
 */

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

require __DIR__ . '/Suite.php';
require __DIR__ . '/UnknownException.php';
require __DIR__ . '/WebhookSuite.php';
require __DIR__ . '/MessageSignatureSuite.php';
require __DIR__ . '/DigestSuite.php';
require __DIR__ . '/Time.php';
require __DIR__ . '/RetryAfterSuite.php';
require __DIR__ . '/RateLimitSuite.php';
require __DIR__ . '/BreakerSuite.php';
require __DIR__ . '/SsrfSuite.php';

/** The suites by the name that a file gives; a new one is a class and a line. */
const SUITES = [
    'webhook' => WebhookSuite::class,
    'message-signature' => MessageSignatureSuite::class,
    'digest' => DigestSuite::class,
    'retry-after' => RetryAfterSuite::class,
    'ratelimit' => RateLimitSuite::class,
    'breaker' => BreakerSuite::class,
    'ssrf' => SsrfSuite::class,
];

/** Set in the environment of a runner that was started by a runner. */
const RESTARTED = 'CAUSEWAY_CONFORMANCE_RESTARTED';

exit(main($argv));

/**
 * @param list<string> $arguments
 */
function main(array $arguments): int
{
    if (extension_loaded('causeway') && !isTesting() && getenv(RESTARTED) === false) {
        return restart();
    }
    try {
        [$suite, $cases] = open($arguments);
    } catch (\RuntimeException | \JsonException $problem) {
        fwrite(STDERR, $problem->getMessage() . "\n");

        return 2;
    }
    $failed = 0;
    foreach ($cases as $position => $case) {
        $complaint = complaint($suite, $case);
        if ($complaint !== null) {
            $failed++;
            printf("%s: %s\n", $case['id'] ?? "case $position", $complaint);
        }
    }
    printf("%d passed, %d failed\n", count($cases) - $failed, $failed);

    return $failed === 0 ? 0 : 1;
}

/** Whether the clock may be frozen. */
function isTesting(): bool
{
    return filter_var(ini_get('causeway.testing'), FILTER_VALIDATE_BOOL);
}

/** Runs the same command once more with the setting that the clock needs: it cannot be set later. */
function restart(): int
{
    $command = explode("\0", rtrim((string) file_get_contents('/proc/self/cmdline'), "\0"));
    array_splice($command, 0, 1, [PHP_BINARY, '-d', 'causeway.testing=1']);
    $process = proc_open($command, [STDIN, STDOUT, STDERR], $pipes, null, [RESTARTED => '1'] + getenv());

    return $process === false ? 2 : proc_close($process);
}

/**
 * @param list<string> $arguments
 *
 * @return array{?Suite, list<array<string, mixed>>}
 *   The suite, NULL when its name is not known, and its cases.
 */
function open(array $arguments): array
{
    if (count($arguments) !== 2) {
        throw new \RuntimeException('usage: php tests/conformance/run.php FILE.json');
    }
    if (!extension_loaded('causeway') || !isTesting()) {
        throw new \RuntimeException('needs the extension causeway, and the ini setting causeway.testing=1');
    }
    $json = is_file($arguments[1]) ? file_get_contents($arguments[1]) : false;
    if ($json === false) {
        throw new \RuntimeException("cannot read '$arguments[1]'");
    }
    $file = json_decode($json, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($file) || !is_string($file['suite'] ?? null) || !is_array($file['cases'] ?? null)) {
        throw new \RuntimeException("'$arguments[1]' is no file of conformance cases");
    }
    $class = SUITES[$file['suite']] ?? null;

    return [$class === null ? null : new $class($file), $file['cases']];
}

/**
 * What is wrong with a case, NULL when it came out as expected.
 *
 * @param array<string, mixed> $case
 */
function complaint(?Suite $suite, array $case): ?string
{
    $expected = $case['expect'] ?? $case['state'] ?? $case['seconds'] ?? null;
    try {
        if ($suite === null) {
            throw new UnknownException('suite');
        }
        [$verdict, $reason] = $suite->verdict($case);
    } catch (UnknownException $unknown) {
        [$verdict, $reason] = ['unknown', $unknown->getMessage()];
    } catch (\Throwable $escaped) {
        [$verdict, $reason] = [$escaped::class, $escaped->getMessage()];
    }
    if ($verdict === $expected) {
        return null;
    }
    [$expected, $got] = array_map(
        static fn (mixed $value): string => is_string($value) ? $value : json_encode($value, JSON_THROW_ON_ERROR),
        [$expected, $verdict],
    );

    return "expected $expected, got $got ($reason)";
}
