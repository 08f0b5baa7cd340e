<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** A directory of one run; it goes with the process that made it, unless it is to be kept. */
final class Scratch
{
    public readonly string $directory;

    private readonly int $owner;

    /** @param bool $isOnDisk FALSE: in shared memory, for what must not wait for a disk. */
    public function __construct(string $name, bool $isOnDisk = true)
    {
        $parent = !$isOnDisk && is_writable('/dev/shm') ? '/dev/shm' : self::build();
        $this->directory = "$parent/$name-" . getmypid() . '-' . bin2hex(random_bytes(3));
        mkdir($this->directory, 0700, true);
        $this->owner = (int) getmypid();
    }

    public function __destruct()
    {
        // A forked child has this object too, and must leave the parent's files alone.
        if ($this->owner === getmypid()) {
            self::remove($this->directory);
        }
    }

    public function path(string $name): string
    {
        return "$this->directory/$name";
    }

    /** A directory in it, made when it is not there. */
    public function subdirectory(string $name): string
    {
        $path = $this->path($name);
        is_dir($path) || mkdir($path, 0700, true);

        return $path;
    }

    /** The project's build directory. */
    public static function build(): string
    {
        return \dirname(__DIR__, 2) . '/build';
    }

    private static function remove(string $directory): void
    {
        foreach (array_diff(scandir($directory) ?: [], ['.', '..']) as $entry) {
            $path = "$directory/$entry";
            is_dir($path) && !is_link($path) ? self::remove($path) : @unlink($path);
        }
        @rmdir($directory);
    }
}
