<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

/** The kinds of failure that a front tells apart. */
enum FailureKind
{
    case Connect;
    case Network;
    case Timeout;
    case Request;
    case Other;
}
