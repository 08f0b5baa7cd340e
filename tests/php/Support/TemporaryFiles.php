<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

use PHPUnit\Framework\Attributes\After;

/** A directory for each test, deleted after it. */
trait TemporaryFiles
{
    private ?string $directory = null;

    protected function path(string $name): string
    {
        if ($this->directory === null) {
            $this->directory = sys_get_temp_dir() . '/causeway-' . bin2hex(random_bytes(8));
            mkdir($this->directory, 0700);
        }

        return "$this->directory/$name";
    }

    #[After]
    protected function deleteTemporaryFiles(): void
    {
        if ($this->directory !== null) {
            array_map('unlink', glob("$this->directory/*") ?: []);
            rmdir($this->directory);
            $this->directory = null;
        }
    }
}
