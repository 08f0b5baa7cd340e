<?php

declare(strict_types=1);

namespace Causeway\Tests\Http;

use Composer\InstalledVersions;

/** For what the two versions of Guzzle promise differently. */
trait GuzzleVersion
{
    /**
     * @param string $in7 names in GuzzleHttp\Exception
     */
    private function exceptionOf(string $in7, string $in8): string
    {
        $is7 = str_starts_with((string) InstalledVersions::getVersion('guzzlehttp/guzzle'), '7.');

        return 'GuzzleHttp\Exception\\' . ($is7 ? $in7 : $in8);
    }
}
