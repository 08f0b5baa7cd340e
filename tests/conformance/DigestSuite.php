<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Http\Digest;

/** Digest fields through Causeway\Http\Digest. */
final class DigestSuite implements Suite
{
    private const CASE_FIELDS = ['id', 'field', 'value', 'body_hex', 'status', 'expect', 'reason', 'note', 'why'];

    public function __construct(array $file)
    {
    }

    public function verdict(array $case): array
    {
        $unknown = array_diff(array_keys($case), self::CASE_FIELDS);
        if ($unknown !== []) {
            throw new UnknownException('case field ' . implode(', ', $unknown));
        }
        $body = hex2bin($case['body_hex'] ?? '');
        if ($body === false) {
            throw new UnknownException('body_hex that does not decode');
        }

        return [Digest::verdict($case['field'], $case['value'], $body, $case['status'] ?? 200), $case['field']];
    }
}
