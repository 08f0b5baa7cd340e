<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

/** One kind of conformance cases. */
interface Suite
{
    /**
     * @param array<string, mixed> $file
     *   The whole file: what stands beside the cases holds for all of them.
     */
    public function __construct(array $file);

    /**
     * Runs one case.
     *
     * @param array<string, mixed> $case
     *
     * @return array{mixed, string}
     *   The verdict in the words of the format, and the reason for it.
     *
     * @throws UnknownException
     *   When the case has a field, or asks for a scheme, that is not known.
     */
    public function verdict(array $case): array;
}
