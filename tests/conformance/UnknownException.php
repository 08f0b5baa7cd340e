<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

/** A case asks for something that is not known: it fails, whatever it expects. */
final class UnknownException extends \RuntimeException
{
}
