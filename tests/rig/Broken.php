<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** Something that a measurement needs does not work: there is no result, rather than a wrong one. */
final class Broken extends \RuntimeException
{
}
