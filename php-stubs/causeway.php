<?php

/**
 * @file
 * The names of Causeway, for editors and static analysis.
 *
 * What is marked @planned is a name that was chosen and is not built yet.
 */

declare(strict_types=1);

namespace Causeway {

  /**
   * One connection: a vendor by name, and the calls to it.
   */
  final class Client {
    /**
     * @param string $name
     *   The connection's name; breaker, budget and counters are shared by all workers under it.
     * @param array<string, mixed> $options
     *   base_uri, auth, timeouts, retry, breaker, resources, webhook, headers, address, namespace.
     * @param \Causeway\Store|null $store
     *   Where durable records live: needed by snapshots, inbox, backfill and the switch.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When an option is unknown, of the wrong type or out of range; names the field and what is allowed.
     */
    public function __construct(string $name, array $options, ?Store $store = null) {}
    public function name(): string {}
    /** @param array<string, mixed> $options  query, headers, json, form, body, idempotency_key, timeouts, throw_on_error, route */
    public function request(string $method, string $uri, array $options = []): Response {}
    public function get(string $uri, array $options = []): Response {}
    public function head(string $uri, array $options = []): Response {}
    public function options(string $uri, array $options = []): Response {}
    public function delete(string $uri, array $options = []): Response {}
    public function post(string $uri, array $options = []): Response {}
    public function put(string $uri, array $options = []): Response {}
    public function patch(string $uri, array $options = []): Response {}
    /** Sends a persisted query by its hash, and with its text once when the server does not know the hash. */
    public function graphql(string $uri, string $query, array $variables = [], array $options = []): Response {}
    /** Counters and state that all workers of the host share: see Metrics::connection(). @return array<string, int|float|string|bool> */
    public function metrics(): array {}
    /** Sends at once in the background. @planned */
    public function start(string $method, string $uri, array $options = []): PendingCall {}
    /** Sends many at once, results by key, each its own Response or exception. @planned */
    public function all(iterable $requests, int $concurrency = 10): array {}
    /** Items of a list, page after page, the next one prefetched. @planned */
    public function paginate(string $uri, array $options = []): \Iterator {}
  }

  /** What a vendor answered. PSR-7's names where PSR-7 has the concept. */
  final class Response {
    public function getStatusCode(): int {}
    public function getReasonPhrase(): string {}
    public function getProtocolVersion(): string {}
    /** @return array<string, list<string>> */
    public function getHeaders(): array {}
    public function hasHeader(string $name): bool {}
    /** @return list<string> */
    public function getHeader(string $name): array {}
    public function getHeaderLine(string $name): string {}
    /** The whole body as bytes. */
    public function text(): string {}
    /** The body decoded as PHP's json_decode() does: the last of duplicate keys, integers beyond 64 bits as strings. */
    public function json(int $depth = 128): mixed {}
    /** Attempts that were made, 1 when the first succeeded. */
    public function attempts(): int {}
    public function elapsedMs(): float {}
    /** Sent to the vendor as X-Correlation-Id, and found in exceptions and logs. */
    public function correlationId(): string {}
    /** A readable stream of the body. @planned */
    public function getBody(): Body {}
  }

  /** @planned */
  final class PendingCall {
    public function wait(?int $timeoutMs = null): Response {}
    public function isDone(): bool {}
    public function cancel(): void {}
  }

  /** @planned */
  final class Body implements \Stringable {
    public function read(int $lengthBytes): string {}
    public function eof(): bool {}
    public function getSize(): ?int {}
    public function getContents(): string {}
    /** @param resource|string $target */
    public function saveTo(mixed $target): int {}
    public function events(): \Iterator {}
    public function __toString(): string {}
  }

  /** A secret by reference: read when needed, never shown. */
  final class Secret {
    /** @param string $reference  'env:NAME', 'file:/path' or 'key:id' (through a registered resolver) */
    public static function ref(string $reference): Secret {}
    /** Answers references with this prefix; called outside any call, its answer kept for at most 60 s. @param callable(string): ?string $resolver */
    public static function resolver(string $prefix, callable $resolver): void {}
  }

  /**
   * Where durable records live: an application's own database, or one of Causeway's own stores.
   *
   * A record is an array: key (64 hex digits), scope, label, state, version, due_at_ms, lease_until_ms,
   * token, attempts, checksum, created_at_ms, updated_at_ms, detail (a string of JSON), payload (bytes, or null).
   * Kinds: inbox, outbox, snapshot, cursor, switch. Keys compare by bytes. Times are the store's own clock.
   */
  interface Store {
    /** The store's own clock, Unix milliseconds. */
    public function nowMs(): int;
    /** Inserts unless the key is there. One statement, never read-then-write. True when inserted. @param array<string, mixed> $record */
    public function insert(string $kind, array $record): bool;
    /** The record with its payload, locked when a transaction is open; NULL when there is none. @return array<string, mixed>|null */
    public function read(string $kind, string $key): ?array;
    /** Replaces the record only if its version is still $version; the new one carries $version + 1. True when replaced. A payload of NULL leaves the stored payload. @param array<string, mixed> $record */
    public function replace(string $kind, array $record, int $version): bool;
    /** Records without payload, oldest due first. @param list<string> $states @return list<array<string, mixed>> */
    public function find(string $kind, array $states, ?string $scope, bool $dueOnly, int $limit): array;
    /** @return list<array{scope: string, state: string, count: int, oldest_due_at_ms: int}> */
    public function counts(string $kind): array;
    public function delete(string $kind, string $key): bool;
    /** Deletes at most $limit records in these states that were updated before. @param list<string> $states */
    public function purge(string $kind, array $states, int $beforeMs, int $limit): int;
    /** Runs $work in one transaction (joins one that is open); an exception rolls it back and is thrown on. */
    public function atomically(callable $work): mixed;
  }

  /** What was already done: one row for each (source, event id). */
  final class Ledger {
    /** @param array<string, mixed> $options  lease_ms (30000), max_attempts (8), base_delay_ms (1000), max_delay_ms (3600000) */
    public function __construct(Store $store, array $options = []) {}
    /** Records an event without claiming it. @return 'recorded'|'duplicate'|'conflict' */
    public function record(string $source, string $eventId, string $payload): string {}
    /** Claims an event, recording it first when it is new; see Claim::status(). */
    public function claim(string $source, string $eventId, string $payload): Claim {}
    /** Claims up to $limit events that are due. @return list<Claim> */
    public function claimDue(int $limit = 1, ?string $source = null): array {}
    /** Runs $handler once for the event: at least once in general, exactly once where the handler completes the claim in the store's own transaction. A duplicate returns the recorded outcome. @param callable(Claim): mixed $handler */
    public function run(string $source, string $eventId, string $payload, callable $handler): mixed {}
    /** @return array{pending: int, claimed: int, done: int, dead: int, conflict: int, oldest_pending_age_ms: int} */
    public function counts(?string $source = null): array {}
    /** @return list<array{source: string, event_id: string, attempts: int, error: string, updated_at_ms: int}> */
    public function deadLetters(?string $source = null, int $limit = 100): array {}
    /** Puts a dead letter back in line. False when there is none. */
    public function replay(string $source, string $eventId): bool {}
    /** Deletes done rows older than this, in bounded steps. */
    public function purge(int $olderThanS, int $limit = 1000): int {}
  }

  /** A lease on one event, with its fencing token. */
  final class Claim {
    /** @return 'won'|'in_progress'|'done'|'conflict'|'dead' */
    public function status(): string {}
    public function source(): string {}
    public function eventId(): string {}
    public function payload(): string {}
    public function attempt(): int {}
    /** Rises with each claim of this event: a completion with an older token is refused. */
    public function token(): int {}
    /** The recorded outcome of a done event. */
    public function outcome(): mixed {}
    /** A key derived from source, event and step, the same on every repeat: for the handler's own calls. */
    public function key(string $step): string {}
    /** Prolongs the lease. @throws \Causeway\Exception\LeaseLostException */
    public function renew(): void {}
    /** Marks done; inside Store::atomically() together with the effect. @throws \Causeway\Exception\LeaseLostException */
    public function complete(mixed $outcome = null): void {}
    /** Records a failure: due again after a backoff, or dead after the last attempt. @return 'pending'|'dead' */
    public function fail(string $error): string {}
    /** Gives the event back without counting an attempt. */
    public function release(int $delayMs = 0): void {}
  }

  /** Webhooks in: verified, recorded, processed later. The connection's `webhook` option says how. */
  final class Inbox {
    /** @param array<string, mixed> $options  the ledger's options */
    public function __construct(Client $client, array $options = []) {}
    /** Verifies and records; the receipt's status is the answer to the sender. @param array<string, mixed> $headers  in any shape PHP has them */
    public function receive(string $body, array $headers, string $method = 'POST', string $url = ''): Receipt {}
    /**
     * Processes what is due: claims, re-fetches the entity by id, replaces its snapshot and marks done in one transaction, then invalidates.
     *
     * @param callable(array<string>): void|null $invalidate  gets cache tags after the commit
     * @param callable(Event, ?array<string, mixed>): void|null $effect  runs inside the transaction, with the event and the fetched entity (NULL when it is gone)
     * @return array{processed: int, failed: int, deferred: int, dead: int}
     */
    public function process(int $limit = 50, ?callable $invalidate = null, ?callable $effect = null): array {}
    public function ledger(): Ledger {}
  }

  /** What became of a delivery. */
  final class Receipt {
    /** 202 when recorded, repeated or in conflict; 400, 401 when refused; 503 when it could not be stored. */
    public function status(): int {}
    /** @return 'recorded'|'duplicate'|'conflict'|'refused'|'unavailable'|'challenge' */
    public function verdict(): string {}
    /** Machine-readable reason of a refusal, else NULL. */
    public function reason(): ?string {}
    /** Seconds for Retry-After, or NULL. */
    public function retryAfterS(): ?int {}
    /** The body that the sender wants to see, often empty. */
    public function body(): string {}
  }

  /** Write-behind. @planned */
  final class Outbox {
    public function __construct(Client $client, array $options = []) {}
    public function send(string $method, string $uri, array $options = []): string {}
    public function cancel(string $id): bool {}
    public function process(int $limit = 50): array {}
    public function deadLetters(int $limit = 100): array {}
    public function replay(string $id): bool {}
  }

  /** The last good answer for each remote entity. The connection's `resources` option says which. */
  final class Snapshots {
    public function __construct(Client $client) {}
    /** The snapshot: fresh, or stale (and noted for refreshStale()), or fetched now when there is none. @throws \Causeway\Exception\SnapshotMissingException */
    public function get(string $resource, string $id): Snapshot {}
    /** As get(), but never fetches. */
    public function peek(string $resource, string $id): ?Snapshot {}
    /** @param list<string> $ids @return array<string, Snapshot> */
    public function many(string $resource, array $ids): array {}
    /** Fetches now, with revalidation; the new snapshot. */
    public function refresh(string $resource, string $id): Snapshot {}
    /** To be called after the response: refreshes what get() found stale, at most one refresh per connection and host at a time. @param callable(array<string>): void|null $invalidate @return array{refreshed: int, unchanged: int, failed: int, skipped: int} */
    public function refreshStale(?callable $invalidate = null): array {}
    /** Invalidates tags that a killed process owes. @param callable(array<string>): void $invalidate @return int  snapshots settled */
    public function settle(callable $invalidate, int $limit = 100): int {}
    /** @param array<string, mixed> $data */
    public function put(string $resource, string $id, array $data): Snapshot {}
    public function forget(string $resource, string $id): bool {}
  }

  /** One remote entity as it was last seen. */
  final class Snapshot {
    public function resource(): string {}
    public function id(): string {}
    /** The decoded JSON. */
    public function data(): mixed {}
    public function isStale(): bool {}
    public function fetchedAtMs(): int {}
    public function freshUntilMs(): int {}
    /** Seconds for a page's max-age; 0 when stale. */
    public function maxAgeS(): int {}
    /** @return list<string> */
    public function tags(): array {}
    public function version(): int {}
    public function checksum(): string {}
    public function etag(): ?string {}
  }

  /** A resumable walk over a vendor's list. */
  final class Backfill {
    /** @param array<string, mixed> $options  path, items (JSON pointer), id (JSON pointer), cursor {in, out}, page_size, chunk, query */
    public function __construct(Client $client, string $resource, array $options = []) {}
    /** Runs until the end, a limit, pause or a signal. @param callable(int $rows, ?int $total): void|null $progress @return array{rows: int, chunks: int, done: bool} */
    public function run(?callable $progress = null, ?int $maxChunks = null): array {}
    /** @return array{cursor: ?string, rows: int, done: bool, updated_at_ms: int} */
    public function state(): array {}
    public function reset(): void {}
  }

  /** Runs inbox, outbox, refresh and backfill in one loop. @planned */
  final class Worker {
    public function __construct(array $connections, array $options = []) {}
    public function run(): array {}
  }

  /** The switch of each connection: a durable record that every worker of every host sees within a second. */
  final class Switches {
    public function __construct(Store $store) {}
    public function pause(string $connection, string $reason = ''): void {}
    public function resume(string $connection): void {}
    public function isPaused(string $connection): bool {}
    /** @return array<string, array{paused: bool, reason: string, since_ms: int}> */
    public function all(): array {}
  }

  /** Counters that all workers of the host share. */
  final class Metrics {
    /** @return array{calls: int, attempts: int, entered: int, succeeded: int, failed: int, retries: int, retries_denied: int, refused_by_breaker: int, refused_by_switch: int, breaker_state: string, breaker_opened: int, token_requests: int, coalesced: int, snapshot_fresh: int, snapshot_stale: int, snapshot_missing: int, last_success_age_ms: ?int} */
    public static function connection(string $name, string $namespace = ''): array {}
    /** @return array<string, array<string, int|float|string|bool|null>> */
    public static function all(): array {}
    /** @return array{kind: 'file'|'anonymous'|'process', path: ?string, layout: int, connections: int, capacity: int, overflowed: int} */
    public static function segment(): array {}
  }
}

namespace Causeway\Store {

  /** Causeway's own records in one SQLite file that the extension alone opens. Holds no foreign effects: atomically() is for an application's own database. */
  final class SqliteStore implements \Causeway\Store {
    public function __construct(string $path) {}
  }

  /** @planned */
  final class RedisStore implements \Causeway\Store {
    public function __construct(string $url) {}
  }
}

namespace Causeway\Webhook {

  /** Verifies deliveries of one scheme. */
  final class Verifier {
    /**
     * @param string $scheme  'standard-webhooks', 'github', 'stripe'
     * @param array<string, mixed> $options  secrets (strings as the vendor wrote them, or Secret), secrets_hex, secrets_b64, tolerance_s (300 where the scheme signs a time)
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(string $scheme, array $options) {}
    /** @param array<string, mixed> $headers  in any shape PHP has them: 'Name' => 'value', 'name' => ['value'], or $_SERVER */
    public function verify(string $body, array $headers, string $method = 'POST', string $url = ''): Delivery {}
    public function scheme(): string {}
  }

  /** A verified delivery. */
  final class Delivery {
    /** @return list<Event> */
    public function events(): array {}
    public function scheme(): string {}
    /** Which of the configured secrets matched, from 0. */
    public function secretIndex(): int {}
    /** What the sender wants as an answer, or NULL. @planned */
    public function reply(): ?Reply {}
  }

  /** One event of a delivery. */
  final class Event {
    /** The id to use against replays: the scheme's own, or a hash of the signed bytes where it has none. */
    public function id(): string {}
    public function type(): ?string {}
    public function timeMs(): ?int {}
    public function source(): string {}
    /** SHA-256 of the payload, 64 hex digits. */
    public function checksum(): string {}
    public function payload(): string {}
    public function json(int $depth = 128): mixed {}
  }

  /** @planned */
  final class Reply {
    public function status(): int {}
    public function body(): string {}
    public function contentType(): string {}
  }

  /** Signs what is ours to send. @planned */
  final class Signer {
    public function __construct(string $scheme, array $options) {}
    /** @return array<string, string>  header fields */
    public function sign(string $body, ?string $id = null): array {}
  }
}

namespace Causeway\Exception {

  /** Implemented by every exception of Causeway. */
  interface CausewayException extends \Throwable {}

  /** An option is unknown, of the wrong type, out of range or in conflict with another. */
  class OptionsException extends \InvalidArgumentException implements CausewayException {
    /** Where: 'retry.max_attempts'. */
    public string $field;
  }

  /** A call gave no usable answer; says what is known. */
  class CallException extends \RuntimeException implements CausewayException {
    public string $connection;
    /** Whether the vendor may have seen the request: 'no', 'maybe' or 'yes'. */
    public string $sent;
    public int $attempts;
    public int $elapsedMs;
    /** The vendor's status, where there was one. */
    public ?int $status;
    /** When to come back, where it is known. */
    public ?int $retryAfterMs;
    public string $correlationId;
  }
  /** No connection: refused, unreachable, name not found, TLS. Not sent. */
  class ConnectException extends CallException {}
  /** The connection broke after the request may have been sent. */
  class NetworkException extends CallException {}
  /** An attempt's or the total time ran out. */
  class TimeoutException extends CallException {}
  /** The vendor answered with a status of 400 or more. */
  class StatusException extends CallException {
    /** The answer. */
    public ?\Causeway\Response $response;
  }
  /** The breaker is open; nothing was sent. */
  class BreakerOpenException extends CallException {}
  /** The connection is switched off; nothing was sent. */
  class PausedException extends CallException {}
  /** The vendor or the throttle says to come back later. */
  class ThrottledException extends CallException {}
  /** No token could be had. */
  class AuthException extends CallException {}
  /** The target address is not allowed for this connection. */
  class AddressRefusedException extends CallException {}
  /** A cap was exceeded: body, headers, JSON depth. */
  class LimitException extends CallException {}
  /** The wait was interrupted by a signal or PHP's time limit. */
  class InterruptedException extends CallException {}

  /** A webhook was refused. */
  class SignatureException extends \RuntimeException implements CausewayException {
    /** 'missing_header', 'malformed_header', 'malformed_timestamp', 'timestamp_too_old', 'timestamp_in_future', 'no_match', 'malformed_body', 'unsupported_algorithm' */
    public string $reason;
  }

  /** The store could not do it. */
  class StoreException extends \RuntimeException implements CausewayException {
    /** What can be done: 'busy' (try again), 'full', 'unavailable', 'corrupt', 'misuse' */
    public string $reason;
  }
  /** The lease was lost to another worker, or ran out: the effect must not be committed. */
  class LeaseLostException extends \RuntimeException implements CausewayException {}
  /** Another worker holds the event. */
  class InProgressException extends \RuntimeException implements CausewayException {}
  /** The same id came with another payload. */
  class ConflictException extends \RuntimeException implements CausewayException {}
  /** The event is in the dead letters. */
  class DeadLetterException extends \RuntimeException implements CausewayException {}
  /** No snapshot, and none could be fetched within the page's deadline; the cause is the previous exception. */
  class SnapshotMissingException extends \RuntimeException implements CausewayException {}
}

namespace Causeway\Testing {

  /** The clock of tests; needs the ini setting causeway.testing=1 and the command line. */
  final class Clock {
    public static function freeze(int $unixMs): void {}
    public static function advance(int $ms): void {}
    public static function thaw(): void {}
    /** Waits that a frozen clock skipped, milliseconds. @return list<int> */
    public static function waits(): array {}
  }

  /** Scripted vendors, a log of what was sent, stray requests refused. @planned */
  final class Fake {
    public static function start(): Fake {}
    public function respond(string $connection, mixed ...$responses): void {}
    /** @return list<array<string, mixed>> */
    public function sent(?string $connection = null): array {}
    public function stop(): void {}
  }

  /** Records to files with redaction, and replays them. @planned */
  final class Recorder {
    public function __construct(string $directory, string $mode = 'replay') {}
  }
}
