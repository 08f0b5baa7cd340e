<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** A run of the load generator wrk: one thread, some connections, whole seconds. */
final class Wrk
{
    private function __construct(public readonly float $perSecond, public readonly int $requests, public readonly int $failed)
    {
    }

    /** @param list<string> $more Further arguments, such as a script. */
    public static function run(Scratch $scratch, string $url, int $connections, int $seconds, array $more = []): self
    {
        return self::start($scratch, $url, $connections, $seconds, $more)();
    }

    /**
     * Starts a run; what it returns waits for the end.
     *
     * @param list<string> $more
     *
     * @return \Closure(): self
     */
    public static function start(Scratch $scratch, string $url, int $connections, int $seconds, array $more = []): \Closure
    {
        $log = $scratch->path('wrk-' . bin2hex(random_bytes(4)));
        $command = [Machine::need('wrk'), '-t', '1', '-c', (string) $connections, '-d', "{$seconds}s", '--timeout', '10s', ...$more, $url];
        $program = new Program('wrk', $command, $log);

        return static fn (): self => self::read($program->wait($seconds + 30.0), $log);
    }

    private static function read(int $end, string $log): self
    {
        $text = (string) file_get_contents($log);
        unlink($log);
        if ($end !== 0 || preg_match('~^Requests/sec:\s+([\d.]+)~m', $text, $rate) !== 1) {
            throw new Broken("wrk failed: $text");
        }
        preg_match('~^\s+(\d+) requests in ~m', $text, $requests);
        preg_match('~Non-2xx or 3xx responses: (\d+)~', $text, $bad);
        preg_match_all('~(?:connect|read|write|timeout) (\d+)~', $text, $errors);

        return new self((float) $rate[1], (int) ($requests[1] ?? 0), (int) ($bad[1] ?? 0) + (int) array_sum($errors[1]));
    }
}
