<?php

/**
 * @file
 * The vendors' own SDKs as signers and judges of the webhook schemes.
 *
 * Usage: php tests/sdk/run.php DIRECTORY, with the extension loaded; DIRECTORY has node_modules
 * (tools/sdk installs them). Each vendor is a file in tests/sdk/vendors that gives its SDK's name and
 * its cases: a delivery, as Causeway and as the SDK take it. Both must agree, but where the case says
 * which one refuses and why; a difference that is not there any more fails as well.
 *
 * Prints a table of the differences, and last "N passed, N failed".
 */

declare(strict_types=1);

namespace Causeway\Tests\Sdk;

use Causeway\Exception\SignatureException;
use Causeway\Webhook\Verifier;

require __DIR__ . '/Judge.php';

exit(main($argv[1] ?? 'build/sdk'));

function main(string $directory): int
{
    $judge = new Judge($directory);
    [$passed, $failed, $differences] = [0, 0, []];
    foreach (glob(__DIR__ . '/vendors/*.php') ?: [] as $file) {
        $sdk = basename($file, '.php');
        foreach ((require $file)($judge) as $name => $case) {
            $ours = ours($case);
            $theirs = $judge->takes($sdk, $case['theirs']) ? 'taken' : 'refused';
            $expected = $case['expect'] ?? 'both take';
            $got = match ([$ours, $theirs]) {
                ['taken', 'taken'] => 'both take',
                ['taken', 'refused'] => 'they refuse',
                default => $theirs === 'taken' ? 'we refuse' : 'both refuse',
            };
            if ($got === $expected) {
                $passed++;
            } else {
                $failed++;
                printf("%s: %s: expected %s, got %s (ours: %s)\n", $sdk, $name, $expected, $got, $ours);
            }
            if (isset($case['why'])) {
                $differences[] = [$sdk, $name, $got, $ours, $case['why']];
            }
        }
    }
    printf("%-17s %-34s %-12s %s\n", 'SDK', 'delivery', 'difference', 'why');
    foreach ($differences as [$sdk, $name, $got, $ours, $why]) {
        printf("%-17s %-34s %-12s %s\n", $sdk, $name, $got, $got === 'we refuse' ? "$why ($ours)" : $why);
    }
    printf("%d passed, %d failed\n", $passed, $failed);

    return $failed === 0 ? 0 : 1;
}

/**
 * 'taken', or the reason of the refusal.
 *
 * @param array<string, mixed> $case
 */
function ours(array $case): string
{
    try {
        [$scheme, $options] = $case['verifier'];
        (new Verifier($scheme, $options))->verify(
            $case['body'],
            $case['headers'],
            $case['method'] ?? 'POST',
            $case['url'] ?? '',
        );

        return 'taken';
    } catch (SignatureException $refusal) {
        return $refusal->reason;
    }
}
