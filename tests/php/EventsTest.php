<?php

declare(strict_types=1);

namespace Causeway\Tests;

use Causeway\EventStream;
use Causeway\Exception\LimitException;
use Causeway\ServerSentEvent;
use Causeway\Tests\Support\AssertThrows;
use Causeway\Tests\Support\CallsStreamingVendor;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\TestCase;

#[CoversClass(EventStream::class)]
#[CoversClass(ServerSentEvent::class)]
final class EventsTest extends TestCase
{
    use AssertThrows;
    use CallsStreamingVendor;

    public function testEventsComeOneByOneWhileTheStreamRuns(): void
    {
        $response = self::client()->get('events', ['query' => ['n' => 5], 'stream' => true]);
        $seen = [];
        foreach ($response->getBody()->events() as $number => $event) {
            $seen[$number] = [$event->type(), $event->id(), $event->json()['n'], $event->retryMs()];
        }
        self::assertSame(array_map(static fn (int $n): array => ['tick', (string) $n, $n, null], range(1, 5)), $seen);
    }

    public function testIteratorRunsOnceAndGoesOnWhereItStands(): void
    {
        $events = self::client()->get('events', ['query' => ['n' => 3], 'stream' => true])->getBody()->events();
        self::assertInstanceOf(\Iterator::class, $events);
        $events->rewind();
        self::assertSame(['1', 0], [$events->current()?->id(), $events->key()]);
        $events->next();
        $events->rewind();
        self::assertSame(['2', 1], [$events->current()?->id(), $events->key()]);
        self::assertSame(['2', '3'], array_map(static fn (ServerSentEvent $event): string => $event->id(), array_values(iterator_to_array($events))));
        self::assertSame([false, null], [$events->valid(), $events->current()]);
    }

    public function testAnEventWithoutEndIsStopped(): void
    {
        $body = self::client()->get('endless/events', ['stream' => true])->getBody();
        $error = $this->assertThrows(LimitException::class, static fn () => iterator_to_array($body->events(10_000)));
        self::assertStringContainsString('an event is larger than 10000 bytes', $error->getMessage());
    }

    public function testEventsOfABodyInMemory(): void
    {
        $events = self::client()->get('events', ['query' => ['n' => 2]])->getBody()->events();
        self::assertCount(2, iterator_to_array($events));
    }
}
