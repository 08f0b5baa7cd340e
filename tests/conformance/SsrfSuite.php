<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Policy\Guard;

/** URLs through Causeway\Policy\Guard, with the file's resolver. */
final class SsrfSuite implements Suite
{
    private const CASE_FIELDS = ['id', 'url', 'expect', 'reason', 'note', 'why'];

    private readonly Guard $guard;

    /** @param array<string, mixed> $file */
    public function __construct(private readonly array $file)
    {
        $this->guard = new Guard();
    }

    public function verdict(array $case): array
    {
        $unknown = array_diff(array_keys($case), self::CASE_FIELDS);
        if ($unknown !== []) {
            throw new UnknownException('case field ' . implode(', ', $unknown));
        }
        $resolver = $this->file['resolver'] ?? [];
        $refusal = $this->guard->refusal(
            $case['url'],
            static fn (string $host): array => (array) ($resolver[$host] ?? []),
        );

        return [$refusal === null ? 'allow' : 'block', $refusal ?? 'allowed'];
    }
}
