<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

use PHPUnit\Framework\Assert;

/** A disk of eight megabytes that fills up and turns read-only as a test says. It needs root. */
final class SmallDisk
{
    private const PAGE = 4096;

    /** @var resource|null */
    private $filler = null;

    private function __construct(public readonly string $path) {}

    /** A disk mounted at this path; NULL where that is not allowed. */
    public static function mount(string $path): ?self
    {
        mkdir($path, 0700);
        if (posix_geteuid() === 0 && ForkedCommand::run('/bin/mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', $path)) {
            return new self($path);
        }
        rmdir($path);

        return null;
    }

    /** Fills it, but for so many pages. Forks nothing: an open store stays open. */
    public function fillUpTo(int $pages): void
    {
        $this->empty();
        $this->filler = fopen("$this->path/filler", 'w') ?: throw new \RuntimeException('no filler');
        $written = 0;
        while (@fwrite($this->filler, str_repeat('x', self::PAGE)) === self::PAGE) {
            $written++;
        }
        ftruncate($this->filler, max(0, $written - $pages) * self::PAGE);
    }

    public function empty(): void
    {
        if ($this->filler !== null) {
            fclose($this->filler);
            unlink("$this->path/filler");
            $this->filler = null;
        }
    }

    /** An open store is closed by the fork that this takes, and opened anew on the next use. */
    public function turn(string $how): void
    {
        Assert::assertTrue(ForkedCommand::run('/bin/mount', '-o', "remount,$how", $this->path), "remount $how");
    }

    public function unmount(): void
    {
        $this->empty();
        ForkedCommand::run('/bin/umount', '-l', $this->path);
        rmdir($this->path);
    }
}
