<?php

/**
 * @file
 * The names of Causeway, for editors and static analysis.
 *
 * Generated from the extension by php-stubs/generate.php: change the docs in src/php.
 */

declare(strict_types=1);

namespace Causeway {

  /**
   * Where durable records live: an application's own database, or one of Causeway's own stores.
   *
   * A record is an array: key (64 hex digits), scope, label, state, version, due_at_ms,
   * lease_until_ms, token, attempts, checksum, created_at_ms, updated_at_ms, detail (a string of
   * JSON), payload (bytes, or NULL). Kinds: inbox, outbox, snapshot, cursor, switch. Keys compare
   * by bytes. Times are Unix milliseconds of the store's own clock.
   */
  interface Store {
    /**
     * The store's own clock, Unix milliseconds. While a test has frozen time, that holds for the
     * store too, and this is not asked.
     */
    public function nowMs(): int;
    /**
     * Inserts unless the key is there: one conditional write, never read-then-write.
     *
     * @param array<string, mixed> $record
     *
     * @return bool
     *   TRUE when it was inserted.
     */
    public function insert(string $kind, array $record): bool;
    /**
     * The record with its payload, locked when a transaction is open; NULL when there is none.
     *
     * @return array<string, mixed>|null
     */
    public function read(string $kind, string $key): ?array;
    /**
     * Replaces the record only if its version is still $version; the new one carries
     * $version + 1. Scope, label and created_at_ms stay; a payload of NULL leaves the stored one.
     *
     * @param array<string, mixed> $record
     *
     * @return bool
     *   TRUE when it was replaced.
     */
    public function replace(string $kind, array $record, int $version): bool;
    /**
     * Records in any of these states, oldest due first, then by key; payloads only with
     * $withPayload; due until a time that belongs to it. Inside a transaction a store may lock
     * what it finds, and leave out what another transaction holds (SKIP LOCKED).
     *
     * @param list<string> $states
     * @param array{due_at_ms: int, key: string}|null $after
     *   Only what comes behind this one in that order: how a long list is walked in chunks.
     *
     * @return list<array<string, mixed>>
     */
    public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload, ?array $after = null): array;
    /**
     * How many records there are in these states, of this scope alone where one is given; stops
     * counting at $atMost.
     *
     * @param list<string> $states
     */
    public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int;
    /**
     * Counts by scope and state.
     *
     * @return list<array{scope: string, state: string, count: int, oldest_due_at_ms: int}>
     */
    public function counts(string $kind): array;
    /**
     * Deletes a record and its payload.
     *
     * @return bool
     *   Whether it was there.
     */
    public function delete(string $kind, string $key): bool;
    /**
     * Deletes the payloads of these records, which stay themselves.
     *
     * @param list<string> $keys
     *
     * @return int
     *   How many had one.
     */
    public function erase(string $kind, array $keys): int;
    /**
     * Deletes at most $limit records in these states that were due before a time, payloads too.
     * A record that ended is due at its end.
     *
     * @param list<string> $states
     *
     * @return int
     *   How many went.
     */
    public function purge(string $kind, array $states, int $beforeMs, int $limit): int;
    /**
     * Runs $work in one transaction, joining one that is open. An exception rolls back and is
     * thrown on.
     *
     * @param callable(): mixed $work
     *
     * @return mixed
     *   What $work returned.
     */
    public function atomically(callable $work): mixed;
  }

  /**
   * One connection: a vendor by name, and the calls to it.
   *
   * Cheap to make: sockets and TLS sessions are kept by the process, breaker, budget, token and
   * counters are shared by all workers of the host under the connection's name.
   */
  final class Client {
    /**
     * Checks the options and joins what the workers share under this name; opens nothing yet.
     *
     * @param array<string, mixed> $options
     *   base_uri (required), auth, headers, address {allow_private}, tls {ca_file, cert_file and
     *   key_file (PEM; a client certificate), min_version: '1.2' or '1.3'}, http ('auto', '1.1' or
     *   '2'), proxy (an http or https URL; nothing of the environment is looked at), redirects
     *   {max: 0 to 20; 0 hands a redirect out as it is}, body_cap_bytes, decode_ratio (200: a
     *   body may grow so much when it is decoded), idempotency {header, form: 'bare' or 'quoted'},
     *   resources, webhook, namespace, and the policies:
     *   - timeouts: connect_ms, attempt_ms, total_ms, page_ms.
     *   - retry: max_attempts, base_delay_ms, max_delay_ms, jitter ('full', 'equal',
     *     'decorrelated'), statuses (of 400 to 599), errors (of 'connect', 'network', 'timeout'),
     *     max_hold_s (what a vendor that asks for more time than a call has gets at most), budget
     *     (ratio, min_per_second, max_tokens; FALSE for none).
     *   - breaker: failure_rate, slow_call_ms and slow_rate, min_calls, one of window_s and
     *     window_calls, open_ms, probes; FALSE for none.
     *   - throttle: permits, per_ms, burst, mode ('wait', 'fail'), max_wait_ms, announced (TRUE:
     *     calls slow down ahead of limits that the vendor announces), routes (by name: path such
     *     as 'products/{id}', permits, per_ms, burst).
     *   - concurrency: max (attempts of all workers under way at once), max_wait_ms.
     *   - hedge: after_ms or percentile; a late idempotent call is sent once more.
     *   - shared: the address of a Redis server ('redis://host:6379/0', or a Causeway\Secret) in
     *     which breaker, throttle and announced limits hold for all hosts; while it is away, for
     *     each host alone.
     *   - coalesce: TRUE where a GET hands out the same to all who ask at the same time; they
     *     then share one call.
     * @param \Causeway\Store|null $store
     *   Where durable records live: needed by snapshots, inbox, backfill and the switch.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When an option is unknown, of the wrong type or out of range; names the field.
     */
    public function __construct(string $name, array $options, ?Store $store = null) {}
    /** The connection's name. */
    public function name(): string {}
    /**
     * Makes a call under the connection's policies.
     *
     * @param string $uri
     *   Relative to base_uri, or absolute on the same origin.
     * @param array<string, mixed>|null $options
     *   query, headers; one of json, form, multipart, file (a name) and body (a string, a PHP
     *   stream, an iterable of strings, an object with PSR-7's stream methods), of which all but
     *   strings are sent as they are read; idempotency_key (a string, or TRUE for a new one);
     *   timeouts {attempt_ms, total_ms}; throw_on_error (TRUE: a status of 400 or above is
     *   thrown); stream (FALSE: getBody() is read from the vendor) or sink (a file's name or an
     *   open PHP stream, for answers below 400); decode (content codings are asked for and taken
     *   off, unless there is an Accept-Encoding of the caller's); body_cap_bytes (the
     *   connection's, 4 GiB with stream and sink); redirects {max}.
     *
     * @throws \Causeway\Exception\CallException
     *   When there is no usable answer; its class and properties say what is known.
     */
    public function request(string $method, string $uri, ?array $options = null): Response {}
    /** GET; see request(). */
    public function get(string $uri, ?array $options = null): Response {}
    /** HEAD; see request(). */
    public function head(string $uri, ?array $options = null): Response {}
    /** OPTIONS; see request(). */
    public function options(string $uri, ?array $options = null): Response {}
    /** DELETE; see request(). */
    public function delete(string $uri, ?array $options = null): Response {}
    /** POST; retried only with an idempotency_key, or when it surely was not sent. */
    public function post(string $uri, ?array $options = null): Response {}
    /** PUT; see request(). */
    public function put(string $uri, ?array $options = null): Response {}
    /** PATCH; retried as post() is. */
    public function patch(string $uri, ?array $options = null): Response {}
    /**
     * Sends a persisted GraphQL query by its hash, and once with its text when the server does
     * not know the hash yet.
     *
     * @param array<string, mixed>|null $variables
     */
    public function graphql(string $uri, string $query, ?array $variables = null): Response {}
    /**
     * Sends at once in the background, while PHP goes on; PendingCall::wait() has the answer.
     *
     * @param array<string, mixed>|null $options
     *   As request(), but for stream. A content that PHP streams is read before the call begins,
     *   up to the connection's body_cap_bytes. sink is the name of a local file.
     *
     * @throws \Causeway\Exception\CallException
     *   When it cannot be begun.
     */
    public function start(string $method, string $uri, ?array $options = null): PendingCall {}
    /**
     * Makes many calls, at most $concurrency at once. Requests are drawn from the iterable when
     * there is room; contents and sinks are streamed as by request(), where attempt_ms bounds a
     * whole download into a sink.
     *
     * @param iterable<string|list<mixed>> $requests
     *   Each a URI (for GET), or a list of method, URI and options (but stream). Keys must differ.
     * @param int $concurrency
     *   1 to 1000.
     *
     * @return array<int|string, Response|\Throwable>
     *   By the iterable's keys and in its order: the response, or what request() would have
     *   thrown.
     *
     * @throws \Throwable
     *   What the iterable itself throws, when the calls that were begun are done.
     */
    public function all(mixed $requests, int $concurrency = 10): array {}
    /**
     * Walks over a vendor's list by GET; the next page is fetched while the items of one are
     * handed out.
     *
     * @param array<string, mixed>|null $options
     *   As request(), but for stream and sink; a content that PHP streams is read before the walk
     *   begins, up to the connection's body_cap_bytes, and sent with each page's request. And
     *   pages: {by: 'link' (the field Link, the default), 'cursor', 'offset' or
     *   'page'; items ('' for link, else '/items'): JSON pointer to the list; in ('cursor',
     *   'offset', 'page'): the query parameter; out ('/next_cursor'): JSON pointer to the next
     *   cursor; start (0, for page 1); total: JSON pointer to the number of all items; size and
     *   size_in ('limit'): the page's size and its query parameter; max_pages (1000)}.
     *
     * @return Pages
     */
    public function paginate(string $uri, ?array $options = null): Pages {}
    /**
     * Counters and state that all workers of the host share; see Metrics::connection().
     *
     * @return array<string, int|float|string|bool|null>
     */
    public function metrics(): array {}
  }

  /** What a vendor answered. PSR-7's names where PSR-7 has the concept. */
  final class Response {
    /** The status code, 100 to 599. */
    public function getStatusCode(): int {}
    /** The reason phrase as the vendor sent it, or the standard one. */
    public function getReasonPhrase(): string {}
    /** '1.0', '1.1' or '2'. */
    public function getProtocolVersion(): string {}
    /**
     * All fields by lower-case name.
     *
     * @return array<string, list<string>>
     */
    public function getHeaders(): array {}
    /** Whether the field is there; names are compared without case. */
    public function hasHeader(string $name): bool {}
    /**
     * The field's values, one for each line.
     *
     * @return list<string>
     */
    public function getHeader(string $name): array {}
    /** The field's values joined by a comma, empty when it is not there. */
    public function getHeaderLine(string $name): string {}
    /**
     * The body as a stream that is read once, at the end of which it stays. With the call's option
     * 'stream' it comes from the vendor as it is read.
     */
    public function getBody(): Body {}
    /**
     * The whole body as bytes. Of a streamed one only while nothing was read.
     *
     * @throws \Causeway\Exception\CallException
     *   When a streamed body breaks off, or went into a sink.
     */
    public function text(): string {}
    /**
     * The body decoded as PHP's json_decode() does: arrays, the last of duplicate keys, integers
     * beyond 64 bits as strings.
     *
     * @throws \JsonException
     *   When the body is no JSON, or nested deeper than $depth.
     */
    public function json(int $depth = 128): mixed {}
    /** Attempts that were made, 1 when the first succeeded. */
    public function attempts(): int {}
    /** Milliseconds from the call's start to the end of the body. */
    public function elapsedMs(): float {}
    /** Sent to the vendor as X-Correlation-Id, and found in exceptions and logs. */
    public function correlationId(): string {}
  }

  /**
   * The content of a response, under PSR-7's method names; it is read once and cannot be sought.
   * Of a response that was asked for with 'stream', it comes from the vendor as it is read.
   */
  final class Body implements \Stringable {
    /**
     * At most so many bytes, and at least one until the end, where it is ''.
     *
     * @throws \Causeway\Exception\CallException
     *   When the body breaks off, its time runs out, or it is larger than its cap.
     */
    public function read(int $lengthBytes): string {}
    /** Whether the end was reached; TRUE for sure only after a read() that gave ''. */
    public function eof(): bool {}
    /** The whole length in bytes; NULL when the vendor did not say it, or the content was encoded. */
    public function getSize(): ?int {}
    /** Bytes that were read. */
    public function tell(): int {}
    /**
     * What was not read, up to the connection's body_cap_bytes.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function getContents(): string {}
    /**
     * Writes what was not read into a file or an open PHP stream; the bytes that were written.
     *
     * @param resource|string $target
     *   A file is made with its first byte, and removed again when it cannot be written to its
     *   end.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function saveTo(mixed $target): int {}
    /**
     * The pieces as they come from the vendor, each a string that is not empty.
     *
     * @return \Iterator<int, string>
     */
    public function chunks(): BodyChunks {}
    /**
     * The body's server-sent events as they come (HTML standard, "Server-sent events").
     *
     * @return \Iterator<int, ServerSentEvent>
     *
     * @param int $maxEventBytes
     *   A larger event is an exception.
     */
    public function events(int $maxEventBytes = 1048576): EventStream {}
    /**
     * The whole body. Of a streamed one only while nothing was read.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function __toString(): string {}
  }

  /** The pieces of a body as they come. Runs once: it goes on where the body stands. */
  final class BodyChunks implements \Iterator {
    /** The piece. */
    public function current(): mixed {}
    /** Its number, from 0. */
    public function key(): int {}
    /**
     * Waits for the next piece.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function next(): void {}
    /**
     * Waits for the first piece; later it does nothing.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function rewind(): void {}
    /** Whether there is a piece. */
    public function valid(): bool {}
  }

  /**
   * The server-sent events of a body as they come. Runs once; an event that the stream's end cuts
   * off is dropped, as the standard says.
   */
  final class EventStream implements \Iterator {
    /** The event. */
    public function current(): ?ServerSentEvent {}
    /** Its number, from 0. */
    public function key(): int {}
    /**
     * Waits for the next event.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function next(): void {}
    /**
     * Waits for the first event; later it does nothing.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function rewind(): void {}
    /** Whether there is an event. */
    public function valid(): bool {}
  }

  /** One server-sent event. */
  final class ServerSentEvent {
    /** The event's type; 'message' where the stream gives none. */
    public function type(): string {}
    /** Its data lines, joined by line feeds. */
    public function data(): string {}
    /**
     * The data decoded as Response::json() does.
     *
     * @throws \JsonException
     *   When the data is no JSON, or nested deeper than $depth.
     */
    public function json(int $depth = 128): mixed {}
    /**
     * The last id that the stream gave, '' for none: what Last-Event-ID says when a program
     * connects again.
     */
    public function id(): string {}
    /** How long to wait before connecting again, where the stream said it. */
    public function retryMs(): ?int {}
  }

  /**
   * A call under way in the background. What is not waited for at the end of the PHP request gets a
   * second to finish; then it is given up, and PHP's log says so.
   */
  final class PendingCall {
    /**
     * Waits for the answer; may be asked again.
     *
     * @param int|null $timeoutMs
     *   At most so long; NULL is until the call's own end.
     *
     * @throws \Causeway\Exception\TimeoutException
     *   When it has not come within $timeoutMs; the call goes on.
     * @throws \Causeway\Exception\CallException
     *   As Client::request().
     */
    public function wait(?int $timeoutMs = null): Response {}
    /** Whether wait() would return or throw at once. */
    public function isDone(): bool {}
    /** Gives the call up where it is: wait() then throws. The vendor may have seen the request. */
    public function cancel(): void {}
  }

  /**
   * The items of a vendor's list, page after page; while the items of one page are handed out, the
   * next one is fetched. Runs once.
   */
  final class Pages implements \Iterator {
    /** The item, as Response::json() decodes it. */
    public function current(): mixed {}
    /** The item's number over all pages, from 0. */
    public function key(): int {}
    /**
     * Goes to the next item; behind a page's last one it waits for the next page.
     *
     * @throws \Causeway\Exception\CallException
     *   When the next page cannot be had, is no list, or leads in a circle.
     */
    public function next(): void {}
    /**
     * Fetches the first page; later it does nothing.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function rewind(): void {}
    /** Whether there is an item. */
    public function valid(): bool {}
  }

  /** A secret by reference: read when it is needed, never shown. */
  final class Secret {
    /**
     * Refers to a secret.
     *
     * @param string $reference
     *   'env:NAME', 'file:/path', or a prefix with a registered resolver: 'key:id'.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When the text is no reference.
     */
    public static function ref(string $reference): Secret {}
    /**
     * Registers who answers references with this prefix, until the end of the request. It is
     * called outside any call to a vendor; its answers are kept for at most 60 s.
     *
     * @param callable(string): ?string $resolver
     *   Gets what stands after the colon; NULL means that there is no such secret.
     */
    public static function resolver(string $prefix, mixed $resolver): void {}
  }

  /** What was already done: one row for each (source, event id). */
  final class Ledger {
    /**
     * A ledger on this store.
     *
     * @param array<string, mixed>|null $options
     *   lease_ms (30000), max_attempts (8), base_delay_ms (1000), max_delay_ms (3600000).
     *
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(Store $store, ?array $options = null) {}
    /**
     * Records an event without claiming it.
     *
     * @return 'recorded'|'duplicate'|'conflict'
     */
    public function record(string $source, string $eventId, string $payload): string {}
    /** Claims an event, recording it first when it is new; see Claim::status(). */
    public function claim(string $source, string $eventId, string $payload): Claim {}
    /**
     * Claims up to $limit events that are due, oldest first.
     *
     * @return list<\Causeway\Claim>
     */
    public function claimDue(int $limit = 1, ?string $source = null): array {}
    /**
     * Runs $handler once for the event and records what it returns.
     *
     * No transaction is open while it runs: it is at least once in general, and exactly once
     * where the handler completes the claim in the store's own transaction, together with its
     * effect. A duplicate returns the recorded outcome without running the handler.
     *
     * @param callable(\Causeway\Claim): mixed $handler
     *
     * @throws \Causeway\Exception\InProgressException
     * @throws \Causeway\Exception\ConflictException
     * @throws \Causeway\Exception\DeadLetterException
     * @throws \Causeway\Exception\LeaseLostException
     * @throws \Throwable
     *   What $handler throws; the attempt counts as failed.
     */
    public function run(string $source, string $eventId, string $payload, callable $handler): mixed {}
    /**
     * How many events stand where.
     *
     * @return array{
     *   pending: int, claimed: int, done: int, dead: int, conflict: int,
     *   oldest_pending_age_ms: int
     * }
     */
    public function counts(?string $source = null): array {}
    /**
     * Events that were given up, with their last error.
     *
     * @return list<array{
     *   source: string, event_id: string, attempts: int, error: string, updated_at_ms: int
     * }>
     */
    public function deadLetters(?string $source = null, int $limit = 100): array {}
    /** Puts a dead letter back in line, with its attempts counted anew. FALSE when there is none. */
    public function replay(string $source, string $eventId): bool {}
    /**
     * Puts up to $limit dead letters back in line, the longest dead first; how many. The times
     * are those of their deaths, Unix milliseconds, and belong to the span.
     */
    public function replayAll(?string $source = null, ?int $fromMs = null, ?int $untilMs = null, int $limit = 1000): int {}
    /**
     * Erases the payloads of events that were done before; the rows stay, and know a duplicate.
     * Returns how many rows it looked at: fewer than $limit mean that nothing is left.
     */
    public function erasePayloads(int $olderThanS, int $limit = 1000): int {}
    /**
     * Deletes at most $limit done rows older than this; how many went. Keep them for longer than
     * the senders repeat their deliveries.
     */
    public function purge(int $olderThanS, int $limit = 1000): int {}
  }

  /** A lease on one event, with its fencing token. */
  final class Claim {
    /**
     * What the claim found.
     *
     * @return 'won'|'in_progress'|'done'|'conflict'|'dead'
     */
    public function status(): string {}
    /** Where the event came from. */
    public function source(): string {}
    /** The event's id. */
    public function eventId(): string {}
    /** The recorded payload, bytes. */
    public function payload(): mixed {}
    /** Which attempt this is, from 1. */
    public function attempt(): int {}
    /** Rises with each claim of this event: a completion with an older token is refused. */
    public function token(): int {}
    /** The recorded outcome of a done event, else NULL. */
    public function outcome(): mixed {}
    /**
     * A key derived from source, event and step, the same on every repeat: the idempotency key of
     * the handler's own calls.
     */
    public function key(string $step): string {}
    /**
     * Prolongs the lease by its full length.
     *
     * @throws \Causeway\Exception\LeaseLostException
     *   When another worker has the event, or the lease ran out.
     */
    public function renew(): void {}
    /**
     * Marks the event done. Inside Store::atomically() together with the effect, the two are one.
     *
     * @throws \Causeway\Exception\LeaseLostException
     *   When another worker has the event: the effect must be rolled back.
     */
    public function complete(mixed $outcome = null): void {}
    /**
     * Records a failure: due again after a backoff, or dead after the last attempt.
     *
     * @return 'pending'|'dead'
     *
     * @throws \Causeway\Exception\LeaseLostException
     */
    public function fail(string $error): string {}
    /**
     * Gives the event back without counting an attempt; it is due again after $delayMs.
     *
     * @throws \Causeway\Exception\LeaseLostException
     */
    public function release(int $delayMs = 0): void {}
  }

  /**
   * Webhooks in: verified, recorded, processed later. The connection's `webhook` option says how
   * deliveries are verified and which entity an event names.
   */
  final class Inbox {
    /**
     * The inbox of this connection, in its store.
     *
     * @param array<string, mixed>|null $options
     *   The ledger's: lease_ms, max_attempts, base_delay_ms, max_delay_ms.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When the client has no store, or the connection no `webhook` option.
     */
    public function __construct(Client $client, ?array $options = null) {}
    /**
     * Verifies a delivery and records its events. Never throws for what a sender did: the
     * receipt says what to answer. A certificate that aws-sns or paypal names is fetched from its
     * pinned host and kept for an hour.
     *
     * @param array<string, mixed>|object $headers
     *   In any shape that PHP has them: 'Name' => 'value', 'name' => ['value'], $_SERVER, a PSR-7
     *   message, or a bag with all() such as Symfony's.
     */
    public function receive(string $body, mixed $headers, string $method = 'POST', string $url = ''): Receipt {}
    /**
     * Processes up to $limit events that are due. For each: claims it, fetches the entity anew by
     * its id, replaces the snapshot and marks the event done in one transaction, then invalidates.
     *
     * @param callable(list<string>): void|null $invalidate
     *   Gets the cache tags of what changed, after the commit.
     * @param callable(\Causeway\Webhook\Event, ?array): void|null $effect
     *   Runs inside the transaction, with the event and the fetched entity (NULL when it is
     *   gone). What it throws rolls the event back and counts as a failed attempt.
     *
     * @return array{processed: int, failed: int, deferred: int, dead: int}
     */
    public function process(int $limit = 50, ?callable $invalidate = null, ?callable $effect = null): array {}
    /**
     * An event as it stands, for people to look at; NULL when there is none of this id. Fields of
     * the option webhook.redact are replaced in the payload, whoever looks.
     *
     * @return array{
     *   id: string, state: string, type: ?string, time_ms: ?int, received_at_ms: int,
     *   updated_at_ms: int, attempts: int, error: string, payload: string
     * }|null
     */
    public function event(string $eventId): ?array {}
    /** The ledger behind it: counts, dead letters, replay. */
    public function ledger(): Ledger {}
  }

  /**
   * Writes out: recorded first, sent later by process(), each under the idempotency key that it was
   * given when it was recorded. Sending is at least once under that key: a vendor that honours it
   * does it once.
   */
  final class Outbox {
    /**
     * The outbox of this connection, in its store.
     *
     * @param array<string, mixed>|null $options
     *   lease_ms (120000), max_attempts (12), base_delay_ms (1000), max_delay_ms (3600000);
     *   away_s (21600): a relay that was away for so long does not send what is left from before
     *   until resume(); unsure ('repeat'|'hold'): whether a write whose fate is not known is sent
     *   again under its key, or held in the dead letters; mark_dir: a directory outside the
     *   store's backup where it is remembered how far the relay came, so that an older store is
     *   known, of whatever age (a SqliteStore has its mark beside it by itself).
     *
     * @throws \Causeway\Exception\OptionsException
     *   When the client has no store.
     */
    public function __construct(Client $client, ?array $options = null) {}
    /**
     * Records a write and returns its id; in your transaction where Store::atomically() runs.
     * An id that is recorded already is returned again, and nothing is recorded.
     *
     * @param array<string, mixed>|null $options
     *   The call's, as Client::request() has them, without throw_on_error and streams. And: id
     *   (its name, random when left out), order (writes of the same order are sent one after
     *   another; a dead one blocks those behind it until it is discarded or replayed), delay_ms,
     *   deadline_ms.
     *
     * @throws \Causeway\Exception\OptionsException
     * @throws \Causeway\Exception\StoreException
     */
    public function send(string $method, string $uri, ?array $options = null): string {}
    /**
     * Sends a write at once and keeps the same record: when this process dies between the call
     * and the record, process() finds it and sends it again under its key. A failure that you
     * hear of ends it; where its fate is not known it is in the dead letters.
     *
     * @param array<string, mixed>|null $options
     *   As send(), without order and delay_ms.
     *
     * @throws \Causeway\Exception\CallException
     * @throws \Causeway\Exception\StoreException
     *   Also when the id is recorded already.
     */
    public function call(string $method, string $uri, ?array $options = null): Response {}
    /**
     * Sends up to $limit writes that are due.
     *
     * @return array{sent: int, failed: int, deferred: int, dead: int, paused: ?string}
     *   paused says why nothing is sent: see resume().
     */
    public function process(int $limit = 50): array {}
    /** Takes a write back that was not sent yet. FALSE where it is being sent, or has ended. */
    public function cancel(string $id): bool {}
    /** Throws a dead write away; what waits behind it goes. FALSE where it is not dead. */
    public function discard(string $id): bool {}
    /** Puts a dead write back in line, under the key that it had. FALSE where it is not dead. */
    public function replay(string $id): bool {}
    /**
     * Puts up to $limit dead writes back in line, the longest dead first; how many. The times are
     * those of their deaths, Unix milliseconds, and belong to the span.
     */
    public function replayAll(?int $fromMs = null, ?int $untilMs = null, int $limit = 1000): int {}
    /**
     * How many writes stand where.
     *
     * @return array{
     *   pending: int, blocked: int, claimed: int, done: int, dead: int,
     *   oldest_pending_age_ms: int, paused: ?string
     * }
     */
    public function counts(): array {}
    /**
     * Writes that were given up, with their last error, the longest dead first.
     *
     * @return list<array{
     *   id: string, method: string, target: string, order: string, attempts: int, error: string,
     *   updated_at_ms: int
     * }>
     */
    public function deadLetters(int $limit = 100): array {}
    /** Stops process() for all workers, until resume(). */
    public function pause(string $reason): void {}
    /** Lets process() send again, also what is left from before a pause. */
    public function resume(): void {}
    /**
     * Erases the payloads of writes that ended before: sent, cancelled or discarded. The rows
     * stay, and know a write that is recorded again. Returns how many rows it looked at: fewer
     * than $limit mean that nothing is left.
     */
    public function erasePayloads(int $olderThanS, int $limit = 1000): int {}
    /** Deletes at most $limit ended writes older than this; how many went. */
    public function purge(int $olderThanS, int $limit = 1000): int {}
  }

  /**
   * Runs inboxes, outboxes, refreshes and backfills in one loop. Each task gets short turns, so that
   * one that floods does not delay the others; one that throws rests for a while. SIGTERM, SIGINT,
   * SIGQUIT and SIGHUP end the loop after the item at hand, a second one also the call under way.
   * Under systemd it says when it is ready, alive (WatchdogSec=) and about to end.
   */
  final class Worker {
    /**
     * A worker that ends by these limits; without any it runs until a signal.
     *
     * @param array<string, mixed>|null $options
     *   time_limit_s, memory_limit_bytes (of the process), max_items; until_idle (FALSE: TRUE ends
     *   when nothing is left to do); idle_ms (200: pause between looks), turn_ms (500: the time of
     *   one task's turn).
     *
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(?array $options = null) {}
    /**
     * Works until a limit or a signal. A task gets the most items that it may do now, and returns
     * how many it did: a number, or what process() of an inbox or outbox and refreshStale()
     * return. It is asked again at once when it did as many.
     *
     * @param array<string, callable(int): (int|array<string, mixed>)> $tasks
     *   By name: ['crm inbox' => fn (int $limit) => $inbox->process($limit, $invalidate),
     *   'crm outbox' => $outbox->process(...)].
     *
     * @return array{
     *   reason: 'signal'|'memory'|'time'|'items'|'idle',
     *   tasks: array<string, array{items: int, errors: int}>
     * }
     */
    public function run(array $tasks): array {}
  }

  /** What became of a delivery, and the answer that its sender gets. */
  final class Receipt {
    /**
     * The HTTP status: 202 when it was recorded, is repeated or in conflict; 400 or 401 when it
     * is refused; 503 when it could not be stored, so that the sender repeats it.
     */
    public function status(): int {}
    /**
     * What happened.
     *
     * @return 'recorded'|'duplicate'|'conflict'|'refused'|'unavailable'|'challenge'
     */
    public function verdict(): string {}
    /** The reason of a refusal, a word that programs can read; else NULL. */
    public function reason(): ?string {}
    /** Seconds for the Retry-After field, or NULL. */
    public function retryAfterS(): ?int {}
    /** The body that the sender wants to see, often empty. */
    public function body(): mixed {}
  }

  /** The last good answer for each remote entity. The connection's `resources` option says which. */
  final class Snapshots {
    /**
     * The snapshots of this connection, in its store.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When the client has no store.
     */
    public function __construct(Client $client) {}
    /**
     * The snapshot: fresh; or stale, and noted for refreshStale(); or, when there is none,
     * fetched now within the connection's timeouts.page_ms, once for all workers that ask.
     *
     * @throws \Causeway\Exception\SnapshotMissingException
     *   When there is none and none could be had; the cause is the previous exception.
     */
    public function get(string $resource, string $id): Snapshot {}
    /** As get(), but never fetches and notes nothing. */
    public function peek(string $resource, string $id): ?Snapshot {}
    /**
     * Several snapshots by id, as get() has them.
     *
     * @param list<string> $ids
     *
     * @return array<array-key, \Causeway\Snapshot>
     *   By id; those that could not be had are left out.
     */
    public function many(string $resource, array $ids): array {}
    /**
     * Fetches now, revalidating by ETag or Last-Modified, and returns the new snapshot.
     *
     * @throws \Causeway\Exception\CallException
     */
    public function refresh(string $resource, string $id): Snapshot {}
    /**
     * To be called after the response was sent: refreshes what get() found stale. At most one
     * refresh at a time runs for a connection on this host; what is skipped is stale at the next
     * view again.
     *
     * @param callable(list<string>): void|null $invalidate
     *   Gets the cache tags of what changed.
     *
     * @return array{refreshed: int, unchanged: int, failed: int, skipped: int}
     */
    public function refreshStale(?callable $invalidate = null): array {}
    /**
     * Invalidates cache tags that a killed process still owes; how many snapshots were settled.
     *
     * @param callable(list<string>): void $invalidate
     */
    public function settle(callable $invalidate, int $limit = 100): int {}
    /**
     * Stores data that came another way, as a fresh snapshot.
     *
     * @param array<string, mixed> $data
     */
    public function put(string $resource, string $id, array $data): Snapshot {}
    /** Deletes the snapshot; whether it was there. */
    public function forget(string $resource, string $id): bool {}
    /**
     * How many snapshots of a resource have which shape of their data; see the resource's option
     * schema.
     *
     * @return array<int, int>
     *   Numbers of rows by version.
     */
    public function schemaVersions(string $resource): array {}
    /**
     * Turns old rows of a resource into the shape that is written now, in chunks of one
     * transaction each; goes on where an earlier run stopped.
     *
     * @param callable(array<mixed>, string, int): ?array<mixed> $rewrite
     *   Gets the data, the id and the version of its shape; NULL drops the snapshot, so that it
     *   is fetched anew. Runs outside the transaction.
     * @param callable(int, int): void|null $progress
     *   Gets the rows that were rewritten and those that are left, after each chunk.
     *
     * @return array{rewritten: int, dropped: int, left: int}
     */
    public function rewrite(string $resource, callable $rewrite, ?callable $progress = null, int $chunk = 500, ?int $limit = null): array {}
    /**
     * Refuses while snapshots of an older shape remain; then the next release may set schema.from
     * to the version that is written now. It is recorded in the store: from now on a release that
     * writes an older shape reads on, but its refresh(), put() and backfills are refused, until
     * expand().
     *
     * @throws \Causeway\Exception\OptionsException
     *   When old rows remain; the message says how many.
     */
    public function contract(string $resource): void {}
    /** Takes a contraction back, for who must return to an older release. */
    public function expand(string $resource): void {}
    /** The oldest shape that may be written; 0 where the resource was never contracted. */
    public function contracted(string $resource): int {}
    /** The connection's name. */
    public function connection(): mixed {}
  }

  /** One remote entity as it was last seen. */
  final class Snapshot {
    /** The resource's name. */
    public function resource(): string {}
    /** The entity's id at the vendor. */
    public function id(): string {}
    /** The decoded JSON, objects as arrays. */
    public function data(): mixed {}
    /** Whether it is older than the resource's fresh_s. */
    public function isStale(): bool {}
    /** When the vendor last confirmed it, Unix milliseconds. */
    public function fetchedAtMs(): int {}
    /** Until when it is fresh, Unix milliseconds. */
    public function freshUntilMs(): int {}
    /** Seconds for a page's max-age; 0 when stale. */
    public function maxAgeS(): int {}
    /**
     * The cache tags of this entity.
     *
     * @return list<string>
     */
    public function tags(): array {}
    /**
     * The version of the shape that its data have: the resource's schema.version, or an older one
     * that was not rewritten yet.
     */
    public function schemaVersion(): int {}
    /** Rises with each write. */
    public function version(): int {}
    /** SHA-256 of the JSON as it was answered, 64 hex digits. */
    public function checksum(): string {}
    /** The vendor's ETag, where it gave one. */
    public function etag(): ?string {}
  }

  /**
   * A resumable walk over a vendor's list. Rows and cursor of a chunk are stored in one
   * transaction: a killed run goes on without a gap or a double.
   */
  final class Backfill {
    /**
     * A walk that fills the snapshots of this resource.
     *
     * @param array<string, mixed> $options
     *   path (required); items ('/items'), id ('/id'), total ('/total', where the vendor says it)
     *   and tombstone (what marks an item as deleted) as JSON pointers; cursor {by: 'cursor', in:
     *   'cursor', out: '/next_cursor'}, {by: 'page', in: 'page', start: 1}, {by: 'offset', in:
     *   'offset'}, {by: 'link'} for Link fields, or {by: 'since', in: 'since', out: '/updated_at',
     *   start} for a list that is sorted by the time of the last change, which a later run goes on
     *   with; query {name: value}; page_param ('limit'), page_size (500; halved while the vendor
     *   refuses it), chunk (500 rows a transaction), patience_ms (300000: how long a run waits for
     *   one page while the vendor limits it), lease_ms (10000).
     *
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(Client $client, string $resource, array $options) {}
    /**
     * Runs until the list's end, or for $maxChunks chunks; goes on where an earlier run stopped.
     *
     * @param callable(int, ?int): void|null $progress
     *   Gets the rows so far and the total, where the vendor says it, after each chunk.
     *
     * @return array{rows: int, chunks: int, done: bool}
     *
     * @throws \Causeway\Exception\InProgressException
     *   When another runner has it.
     */
    public function run(?callable $progress = null, ?int $maxChunks = null): array {}
    /**
     * Where it stands.
     *
     * @return array{cursor: ?string, rows: int, done: bool, updated_at_ms: int}
     */
    public function state(): array {}
    /** Starts over at the next run; the snapshots stay. */
    public function reset(): void {}
  }

  /** Compares the snapshots of a resource with the vendor's list, and repairs only what differs. */
  final class Reconcile {
    /**
     * A comparison of this resource.
     *
     * @param array<string, mixed> $options
     *   The list's, as a Backfill has them; deletions: 'keep' (only what the list marks as
     *   deleted goes), 'absent' (what the list does not name is gone) or 'confirm' (the vendor is
     *   asked for each of those by its id); max_absent (0.1: where a larger share is absent, or
     *   the list is empty, it is not believed), force, dry_run.
     *
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(Client $client, string $resource, array $options) {}
    /**
     * Compares the whole list, and repairs; a pause ends it early. Tags that it comes to owe are
     * paid by Snapshots::settle().
     *
     * @param callable(int, ?int): void|null $progress
     *   Gets the items so far and the total, where the vendor says it, after each page.
     *
     * @return array{
     *   listed: int, same: int, newer: int, changed: int, missing: int, deleted: int, absent: int,
     *   known: int, repaired: int, is_complete: bool, is_dry_run: bool, refused?: string,
     *   ids: array<string, list<string>>
     * }
     *   refused says why absent snapshots were left as they are; ids has the first 50 of each
     *   difference.
     *
     * @throws \Causeway\Exception\InProgressException
     *   When another runner has it.
     */
    public function run(?callable $progress = null): mixed {}
    /**
     * The report of the last run that ended, with at_ms; NULL when none ever did.
     *
     * @return array<string, mixed>|null
     */
    public function last(): mixed {}
  }

  /**
   * The switch of each connection: a durable record that every worker of every host sees within a
   * second, before each attempt. Pages go on from snapshots, the inbox keeps recording.
   */
  final class Switches {
    /** The switches of this store. */
    public function __construct(Store $store) {}
    /** Switches a connection off. */
    public function pause(string $connection, string $reason = ''): void {}
    /** Switches it on again. */
    public function resume(string $connection): void {}
    /** Whether it is off. */
    public function isPaused(string $connection): bool {}
    /**
     * Every connection that was ever switched.
     *
     * @return array<string, array{paused: bool, reason: string, since_ms: int}>
     */
    public function all(): array {}
  }

  /** Counters and state that all workers of the host share. */
  final class Metrics {
    /**
     * Counters of one connection since the segment was made, and its state.
     *
     * @return array{
     *   calls: int, entered: int, attempts: int, succeeded: int, failed: int, retries: int,
     *   retries_denied: int, refused_by_breaker: int, refused_by_switch: int, breaker_opened: int,
     *   token_requests: int, coalesced: int, snapshot_fresh: int, snapshot_stale: int,
     *   snapshot_missing: int, hedges: int, refused_by_throttle: int, refused_by_limit: int,
     *   breaker_state: 'closed'|'open'|'half_open', paused: bool, last_success_age_ms: ?int
     * }
     */
    public static function connection(string $name, string $namespace = ''): array {}
    /**
     * The same of every connection, by name, with the namespace and a slash before it where it
     * has one.
     *
     * @return array<string, array<string, int|string|bool|null>>
     */
    public static function all(): array {}
    /**
     * The shared segment itself.
     *
     * @return array{
     *   kind: 'file'|'anonymous'|'process', path: ?string, layout: int, connections: int,
     *   capacity: int, overflowed: int
     * }
     */
    public static function segment(): array {}
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

  /**
   * A call gave no usable answer; says what is known. Thrown as this very class when the request itself
   * cannot be sent: a malformed target or field, a content that cannot be read.
   */
  class CallException extends \RuntimeException implements CausewayException {
    /** The connection's name. */
    public string $connection;
    /** Whether the vendor may have seen the request: 'no', 'maybe' or 'yes'. */
    public string $sent;
    /** Attempts that were made; 0 when nothing was sent. */
    public int $attempts;
    /** Milliseconds from the call's start. */
    public int $elapsedMs;
    /** The vendor's status, where the head of an answer came. */
    public ?int $status;
    /** When to come back, where it is known. */
    public ?int $retryAfterMs;
    /** Sent to the vendor as X-Correlation-Id, and found in logs. */
    public string $correlationId;
  }

  /** No connection: refused, unreachable, name not found, TLS, or no time left to connect. Sent is 'no'. */
  class ConnectException extends CallException {}

  /**
   * The connection broke: before the head of an answer sent is 'maybe', after its first byte 'yes'. In the
   * body $status is known.
   */
  class NetworkException extends CallException {}

  /**
   * An attempt's or the total time ran out: sent is 'no' while connecting, 'maybe' before the head of an
   * answer, 'yes' in its body, where $status is known.
   */
  class TimeoutException extends CallException {}

  /** The vendor answered with a status of 400 or more. Sent is 'yes'. */
  class StatusException extends CallException {
    /** The answer, a \Causeway\Response. */
    public mixed $response;
  }

  /** The breaker is open; nothing was sent. $retryAfterMs says when it lets probes through. */
  class BreakerOpenException extends CallException {}

  /** The connection is switched off; nothing was sent. */
  class PausedException extends CallException {}

  /**
   * The vendor or the throttle says to come back later, and that is beyond the deadline: $retryAfterMs says
   * when. Sent is 'yes' when the vendor said it to this call, else 'no'.
   */
  class ThrottledException extends CallException {}

  /** No token could be had: the identity provider refused or failed. The vendor saw nothing: sent is 'no'. */
  class AuthException extends CallException {}

  /** The target's address is not allowed for this connection; nothing was sent. */
  class AddressRefusedException extends CallException {}

  /** A cap was exceeded by an answer: its head, its body, or what a coding expands to. Sent is 'yes'. */
  class LimitException extends CallException {}

  /**
   * PHP's time limit or cancel() ended the wait; sent says whether the vendor may have seen the request.
   * Handlers of signals run during a wait: what one throws comes out as it is, and one that returns lets
   * the call go on.
   */
  class InterruptedException extends CallException {}

  /**
   * A test's fake has no rule or recorded answer for a request; nothing was sent. A \LogicException, so
   * that code which goes on without an answer does not hide it. Its properties are those of
   * CallException.
   */
  class StrayRequestException extends \LogicException implements CausewayException {
    /** The connection's name. */
    public string $connection;
    /** Always 'no'. */
    public string $sent;
    /** Attempts that were made. */
    public int $attempts;
    /** Milliseconds from the call's start. */
    public int $elapsedMs;
    /** Always NULL. */
    public ?int $status;
    /** Always NULL. */
    public ?int $retryAfterMs;
    /** What would have been sent as X-Correlation-Id. */
    public string $correlationId;
  }

  /** A webhook was refused. */
  class SignatureException extends \RuntimeException implements CausewayException {
    /**
     * Why: 'missing_header', 'malformed_header', 'malformed_timestamp', 'timestamp_too_old',
     * 'timestamp_in_future', 'no_match', 'malformed_body', 'unsupported_algorithm', or
     * 'secret_unavailable', which is no verdict: the sender should repeat.
     */
    public string $reason;
  }

  /** The store could not do it. */
  class StoreException extends \RuntimeException implements CausewayException {
    /** What can be done: 'busy' (try again), 'full', 'unavailable', 'corrupt', 'misuse'. */
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

  /**
   * No snapshot, and none could be fetched within the page's deadline; the cause is the previous
   * exception.
   */
  class SnapshotMissingException extends \RuntimeException implements CausewayException {}
}

namespace Causeway\Http {

  /** Signs requests and responses as RFC 9421 says. */
  final class MessageSigner {
    /**
     * Checks the options once.
     *
     * @param array<string, mixed> $options
     *   keys: a list of 1 to 5, which sign side by side, each with algorithm ('ed25519',
     *   'ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'rsa-pss-sha512', 'rsa-v1_5-sha256',
     *   'hmac-sha256' or JOSE's 'PS256'), private_key (PEM; a string or Causeway\Secret) or for
     *   HMAC secret or secret_b64, keyid, and label ('sig1', 'sig2', … by default).
     *   components: what is covered, such as '@method', 'content-digest', 'date;req',
     *   '"@query-param";name="q"'. By default @method, @target-uri and, where there is content,
     *   content-digest; of a response @status and the digest.
     *   parameters: 'created', 'expires', 'nonce', 'alg', 'keyid', 'tag' in the order in which
     *   they are written. expires_s, tag.
     *
     * @throws \Causeway\Exception\OptionsException
     *   For an unknown option, and for a key that is not of its algorithm.
     */
    public function __construct(array $options) {}
    /**
     * The fields that sign a message as of now: Signature-Input, Signature and, where one is
     * covered and not there, Content-Digest. Add them to the message.
     *
     * @param array<string, mixed>|object $message
     *   A PSR-7 message, or ['method' => …, 'url' => …, 'headers' => …, 'body' => …], or
     *   ['status' => …, 'headers' => …, 'body' => …].
     * @param array<string, mixed>|object|null $request
     *   The request that a response answers, for components with req.
     * @param string|null $nonce
     *   Used where parameters has 'nonce'; made at random when left out.
     *
     * @return array<string, string>
     *
     * @throws \Causeway\Exception\SignatureException
     *   When the message lacks what is covered, or a key by reference cannot be read.
     */
    public function sign(mixed $message, mixed $request = null, ?string $nonce = null): array {}
  }

  /** Verifies signatures of requests and responses as RFC 9421 says. */
  final class MessageVerifier {
    /**
     * Checks the options once.
     *
     * @param array<string, mixed> $options
     *   keys: a list of 1 to 5, each with algorithm ('ed25519', 'ecdsa-p256-sha256',
     *   'ecdsa-p384-sha384', 'rsa-pss-sha512', 'rsa-v1_5-sha256', 'hmac-sha256' or JOSE's 'PS256'),
     *   public_key (PEM) or for HMAC secret or secret_b64, and keyid, which the message must name.
     *   required: what must be covered. By default @method and the whole target, of a response
     *   @status, and content-digest where there is content.
     *   label, tag: looks at no other signature. tolerance_s: how far created may be from now,
     *   both ways (300; FALSE for no window).
     *
     * @throws \Causeway\Exception\OptionsException
     *   For an unknown option, and for a key that is not of its algorithm.
     */
    public function __construct(array $options) {}
    /**
     * The first signature of the message that holds as of now. Where Content-Digest is covered,
     * the body is what it says.
     *
     * @param array<string, mixed>|object $message
     *   A PSR-7 message, or ['method' => …, 'url' => …, 'headers' => …, 'body' => …], or
     *   ['status' => …, 'headers' => …, 'body' => …].
     * @param array<string, mixed>|object|null $request
     *   The request that a response answers, for components with req.
     *
     * @throws \Causeway\Exception\SignatureException
     *   When none holds; $reason says why.
     */
    public function verify(mixed $message, mixed $request = null): MessageSignature {}
    /**
     * The signature base of a message that is signed: what the other side should have signed. It
     * holds what the covered components hold, an Authorization field too.
     *
     * @param array<string, mixed>|object $message
     * @param array<string, mixed>|object|null $request
     * @param string|null $label
     *   Which signature; the first when left out.
     *
     * @throws \Causeway\Exception\SignatureException
     *   When there is no such signature, or the message lacks a component.
     */
    public static function base(mixed $message, mixed $request = null, ?string $label = null): mixed {}
  }

  /** A signature that holds, and what it covers: look at nothing else of the message. */
  final class MessageSignature {
    /** Its label in Signature-Input. */
    public function label(): string {}
    /** The key that the message names. */
    public function keyid(): ?string {}
    /** Which of the configured keys it is under, from 0. */
    public function keyIndex(): int {}
    /** The name of its algorithm. */
    public function algorithm(): string {}
    /**
     * The identifiers of the covered components: '"@method"', '"content-digest"'.
     *
     * @return list<string>
     */
    public function components(): array {}
    /** When it was made, Unix milliseconds. */
    public function createdMs(): ?int {}
    /** What makes it unique, where the sender gives it. */
    public function nonce(): ?string {}
    /** What it is for, where the sender says it. */
    public function tag(): ?string {}
  }

  /** Makes and checks Content-Digest and Repr-Digest as RFC 9530 says. */
  final class Digest {
    /**
     * The value of a digest field for some content: the bytes as they are sent.
     *
     * @param list<string>|null $algorithms
     *   'sha-256' (when left out) and 'sha-512'.
     *
     * @throws \Causeway\Exception\OptionsException
     *   For any other algorithm.
     */
    public static function of(string $content, ?array $algorithms = null): string {}
    /**
     * Whether some content is what a digest field says. Check before decompression.
     *
     * @param string $field
     *   'Content-Digest' or 'Repr-Digest'.
     * @param string $value
     *   The field's value; several lines joined by commas.
     * @param int $status
     *   The response's status: what Repr-Digest is of is not the content of a 206. 200 for a
     *   request.
     *
     * @return string
     *   'match'; 'mismatch'; 'malformed'; 'unverifiable' when no algorithm counts; 'not-checkable'
     *   when the content is not what the field is of. Only 'match' proves anything.
     *
     * @throws \Causeway\Exception\OptionsException
     *   For any other field.
     */
    public static function verdict(string $field, string $value, string $content, int $status = 200): string {}
  }
}

namespace Causeway\Policy {

  /**
   * A breaker around work that is no HTTP call: a database, a mail server, a SOAP client.
   *
   * The rules are those of a connection's breaker. Shared under a name it holds for all workers of
   * the host, without a name for this object alone.
   */
  final class Breaker {
    /**
     * @param array<string, mixed>|null $options
     *   As a connection's option breaker: failure_rate, slow_call_ms and slow_rate, min_calls, one
     *   of window_s and window_calls, open_ms, probes.
     * @param string|null $sharedAs
     *   The name under which all workers of the host share it; NULL for this object's own.
     *
     * @throws \Causeway\Exception\OptionsException
     */
    public function __construct(?array $options = null, ?string $sharedAs = null) {}
    /**
     * Does the work, unless the breaker is open. Work that throws has failed, and what it threw is
     * thrown on.
     *
     * @param callable(): mixed $work
     *
     * @return mixed
     *   What the work returned.
     *
     * @throws \Causeway\Exception\BreakerOpenException
     *   When it is open; its retryAfterMs says when to come back.
     */
    public function run(callable $work): mixed {}
    /**
     * What it does now.
     *
     * @return 'closed'|'open'|'half_open'
     */
    public function state(): string {}
  }

  /**
   * Whether a URL leads where it may: for URLs that users type in, before anything is stored. A
   * connection asks the same again at every address it connects to.
   */
  final class Guard {
    /**
     * @param bool $allowPrivate
     *   Whether loopback, private, link-local and shared addresses are allowed too.
     */
    public function __construct(bool $allowPrivate = false) {}
    /**
     * Why a URL is refused: its scheme, a name that does not resolve, an address. Nothing is
     * dialled.
     *
     * @param (callable(string): list<string>)|null $resolve
     *   What a name's addresses are; NULL asks the system.
     *
     * @return string|null
     *   NULL where it is allowed.
     */
    public function refusal(string $url, ?callable $resolve = null): ?string {}
  }

  /**
   * What a response says about a vendor's limits: the fields RateLimit and RateLimit-Policy, or the
   * older RateLimit-Remaining and X-RateLimit-Remaining with their kin.
   */
  final class RateLimit {
    /**
     * Reads a response's fields. What is malformed is ignored, a whole field at a time.
     *
     * @param array<string, string|list<string>> $headers
     */
    public static function parse(array $headers): RateLimit {}
    /**
     * The limits as they stand. An older field has no policy; what is not said is NULL.
     *
     * @return list<array{policy: ?string, remaining: int, limit: ?int, reset_s: ?int, pk: ?string}>
     */
    public function limits(): array {}
    /**
     * The policies: name, quota, window in seconds, unit, partition key.
     *
     * @return list<array{name: string, q: int, w: ?int, qu: ?string, pk: ?string}>
     */
    public function policies(): array {}
    /**
     * How long the vendor asks to be left alone, whole seconds: by Retry-After, which goes before
     * all else, or until a limit of which nothing remains is reset; 0 where it does not.
     */
    public function waitSeconds(): int {}
  }

  /** What a vendor means by its Retry-After field (RFC 9110, section 10.2.3). */
  final class RetryAfter {
    /**
     * Reads the field's value: seconds, or one of the three HTTP dates.
     *
     * @param string $value
     *   The value as it was received.
     * @param string|null $date
     *   The Date field of the same response, against which a date is measured, so that a vendor's
     *   wrong clock does no harm; NULL measures against now.
     *
     * @return \Causeway\Policy\RetryAfter|null
     *   NULL for what is neither, which is to be ignored.
     */
    public static function parse(string $value, ?string $date = null): ?RetryAfter {}
    /** How long to stay away, whole seconds; 0 for a date that has passed, a year at most. */
    public function seconds(): int {}
    /** Whether the vendor asked for more than a year, which nobody means. */
    public function wasClamped(): bool {}
  }
}

namespace Causeway\Store {

  /**
   * Causeway's own records in one SQLite file, which the extension alone opens in this process.
   *
   * The file is in WAL mode, and a write returns once it is on disk: what was reported as stored survives
   * a power cut. It holds no effects of others: atomically() is for an application's own database.
   */
  final class SqliteStore implements \Causeway\Store {
    /**
     * Opens the file, or makes it in a directory that exists.
     *
     * @throws \Causeway\Exception\StoreException
     *   When it cannot be opened or is no SQLite file.
     */
    public function __construct(string $path) {}
    public function nowMs(): int {}
    public function insert(string $kind, array $record): bool {}
    public function read(string $kind, string $key): ?array {}
    public function replace(string $kind, array $record, int $version): bool {}
    public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload, ?array $after = null): array {}
    public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {}
    public function counts(string $kind): array {}
    public function delete(string $kind, string $key): bool {}
    public function erase(string $kind, array $keys): int {}
    public function purge(string $kind, array $states, int $beforeMs, int $limit): int {}
    public function atomically(callable $work): mixed {}
  }

  /**
   * Causeway's own records on a Redis 7 server, for programs on more than one host.
   *
   * What was reported as stored survives what the server's settings make it survive: with
   * appendfsync always a crash of the machine, but not a failover to a replica that had not
   * received it yet. A server that evicts keys (maxmemory-policy) is refused. It holds no effects
   * of others: atomically() is for an application's own database.
   */
  final class RedisStore implements \Causeway\Store {
    /**
     * Connects to redis://[user:password@]host[:port][/db], rediss://… or redis+unix:///path.
     *
     * @param array<string, mixed>|null $options
     *   prefix (causeway), connect_ms (1000), answer_ms (2000).
     *
     * @throws \Causeway\Exception\OptionsException
     * @throws \Causeway\Exception\StoreException
     *   When it cannot be reached, or is set to evict keys.
     */
    public function __construct(string $url, ?array $options = null) {}
    public function nowMs(): int {}
    public function insert(string $kind, array $record): bool {}
    public function read(string $kind, string $key): ?array {}
    public function replace(string $kind, array $record, int $version): bool {}
    public function find(string $kind, array $states, ?string $scope, ?int $dueUntilMs, int $limit, bool $withPayload, ?array $after = null): array {}
    public function countUpTo(string $kind, array $states, ?string $scope, int $atMost): int {}
    public function counts(string $kind): array {}
    public function delete(string $kind, string $key): bool {}
    public function erase(string $kind, array $keys): int {}
    public function purge(string $kind, array $states, int $beforeMs, int $limit): int {}
    public function atomically(callable $work): mixed {}
  }
}

namespace Causeway\Testing {

  /**
   * The clock of tests. Needs the ini setting causeway.testing=1 and the command line: a web
   * request can never freeze time. Backoff, breaker windows, leases, freshness and token lifetimes
   * obey it.
   */
  final class Clock {
    /**
     * Stops time at this moment, Unix milliseconds.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When testing is not switched on.
     */
    public static function freeze(int $unixMs): void {}
    /** Moves the frozen time on. */
    public static function advance(int $ms): void {}
    /** Lets time run again, and jitter be random. */
    public static function thaw(): void {}
    /** Whether time stands still. */
    public static function isFrozen(): bool {}
    /** Now as Causeway sees it, frozen or not: Unix milliseconds. */
    public static function nowMs(): int {}
    /**
     * Pins the random part of waits until thaw(): 0.0 draws the shortest, 1.0 the longest, so that
     * a test knows each wait.
     */
    public static function pinJitter(float $draw): void {}
    /**
     * Waits that the frozen clock skipped, milliseconds.
     *
     * @return list<int>
     */
    public static function waits(): array {}
  }

  /**
   * What a fake vendor can do wrong, by the phase in which it does; the phase decides what a caller
   * learns about whether its request was sent.
   *
   * Before a request leaves (sent is 'no', ConnectException): refused, dns, tls, connectTimeout.
   * Before the head of an answer ('maybe'): closed, reset (NetworkException), hang
   * (TimeoutException); with bytes that are no head ('yes'): garbled (NetworkException), endlessHead
   * (LimitException). In the body ('yes'): halfBody, resetInBody (NetworkException), stalledBody
   * (TimeoutException), endlessBody (LimitException).
   */
  final class Fault {
    /** The port refuses connections. */
    public static function refused(): Fault {}
    /** The name does not resolve. */
    public static function dns(): Fault {}
    /** The TLS handshake fails. */
    public static function tls(): Fault {}
    /** Nobody answers the attempt to connect: takes timeouts.connect_ms. */
    public static function connectTimeout(): Fault {}
    /** The connection ends without a byte of an answer. */
    public static function closed(): Fault {}
    /** The connection is reset without a byte of an answer. */
    public static function reset(): Fault {}
    /** The request is never answered: takes timeouts.attempt_ms. */
    public static function hang(): Fault {}
    /** What comes is no HTTP. */
    public static function garbled(): Fault {}
    /** The head of the answer does not end. */
    public static function endlessHead(): Fault {}
    /** The body ends before its length. */
    public static function halfBody(): Fault {}
    /** The connection is reset in the body. */
    public static function resetInBody(): Fault {}
    /** The body stops coming: takes the rest of timeouts.attempt_ms. */
    public static function stalledBody(): Fault {}
    /** The body does not end: stopped at body_cap_bytes. */
    public static function endlessBody(): Fault {}
    /**
     * Every fault there is, by name: for a test that goes through all.
     *
     * @return array<string, \Causeway\Testing\Fault>
     */
    public static function all(): array {}
    /** Its name: 'half_body'. */
    public function name(): string {}
  }

  /**
   * One request that a fake vendor was sent: each attempt is one, and so is the request for a token.
   * Holds credentials, and shows them to nobody who does not ask for the field by name.
   */
  final class SentRequest implements \Stringable {
    /** The connection's name. */
    public function connection(): string {}
    /** The verb, as it is sent. */
    public function getMethod(): string {}
    /** The whole URI, query included. */
    public function getUri(): string {}
    /**
     * The query's parameters, decoded, each with its values in order.
     *
     * @return array<string, list<string>>
     */
    public function query(): array {}
    /**
     * The field's values, one for each line.
     *
     * @return list<string>
     */
    public function getHeader(string $name): array {}
    /**
     * The field's values joined by a comma, empty when it is not there.
     *
     * @return string
     */
    public function getHeaderLine(string $name): mixed {}
    /** Whether the field is there; names are compared without case. */
    public function hasHeader(string $name): bool {}
    /**
     * Names of all fields, in lower case.
     *
     * @return list<string>
     */
    public function headerNames(): array {}
    /**
     * The whole body as bytes.
     *
     * @return string
     */
    public function text(): mixed {}
    /**
     * The body decoded as Response::json() does.
     *
     * @throws \JsonException
     *   When it is no JSON, or nested deeper than $depth.
     */
    public function json(int $depth = 128): mixed {}
    /** When it was sent on the wall clock, frozen or not: Unix milliseconds. */
    public function atMs(): int {}
    /** The status that answered it, NULL for a fault and for a request that was refused. */
    public function status(): ?int {}
    /** The name of the fault that it met, NULL for none. */
    public function fault(): ?string {}
    /** How messages name it: connection, verb and URI without its query. */
    public function __toString(): string {}
  }

  /**
   * Which requests are meant, and what they meet, one step after the other; the last one repeats.
   * Made by Fake::on(). Without a step they meet an empty answer of status 200.
   */
  final class Rule {
    /**
     * The next step: an answer.
     *
     * @param mixed $body
     *   A string is sent as it is, NULL as nothing, everything else as JSON with its Content-Type.
     * @param array<string, string|list<string>>|null $headers
     *   Fields of the answer.
     * @param string|null $reason
     *   The reason phrase; NULL for the standard one.
     */
    public function respond(int $status = 200, mixed $body = null, ?array $headers = null, ?string $reason = null): Rule {}
    /** The next step: a fault. */
    public function fail(Fault $fault): Rule {}
    /** The step before takes so long to its first byte. Frozen time advances by it. */
    public function delay(int $ms): Rule {}
    /** The body of the step before comes in so many pieces, with a pause before each. */
    public function drip(int $pieces, int $everyMs): Rule {}
    /** Only one request is meant; later ones are for older rules. */
    public function once(): Rule {}
    /** Only so many requests are meant; later ones are for older rules. */
    public function times(int $requests): Rule {}
    /** Only requests with this field of this value are meant. */
    public function withHeader(string $name, string $value): Rule {}
    /**
     * Only requests whose body is JSON with these members, at every depth, are meant; lists must
     * be equal.
     *
     * @param array<string, mixed> $members
     */
    public function withJson(mixed $members): Rule {}
    /** Requests that met the rule so far. */
    public function hits(): int {}
  }

  /**
   * A fake in the place of all vendors, below the real policies: retries, breaker, throttle, tokens
   * and caches do what they do against a real one. Needs the ini setting causeway.testing=1 and the
   * command line. Ends with stop(), or with the request.
   *
   * A request that no rule means is refused with a \Causeway\Exception\StrayRequestException. Clients
   * that are made while a fake is on share what workers share (breakers, budgets, throttles, tokens,
   * counters) with each other alone: nothing of an earlier test is left, nothing reaches a site.
   */
  final class Fake {
    /**
     * Puts a fake in the vendors' place; one from before is replaced.
     *
     * @param list<string> $passing
     *   Connections whose requests go to the real vendor where no rule means them.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When testing is not switched on.
     */
    public static function start(?array $passing = null): Fake {}
    /**
     * Plays a recording: each recorded answer once, to a request that is equal in connection,
     * method, URI and body.
     *
     * @param array{
     *   redact?: array{
     *     headers?: list<string>, query?: list<string>, json?: list<string>, values?: list<string>
     *   }
     * }|null $options
     *   What was hidden beyond credentials; the same as when it was recorded.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When the file is no recording, or testing is not switched on.
     */
    public static function replay(string $file, ?array $options = null): Fake {}
    /**
     * Lets all requests go to the real vendors, and records them with their answers to a file when
     * it ends. Credentials are never written: fields, parameters and members that are named like
     * one, and their values wherever else they stand.
     *
     * @param array{
     *   redact?: array{
     *     headers?: list<string>, query?: list<string>, json?: list<string>, values?: list<string>
     *   }
     * }|null $options
     *   More names of fields, query parameters and members (of JSON and forms), and whole values.
     */
    public static function record(string $file, ?array $options = null): Fake {}
    /**
     * A rule for the requests that are meant; of several the newest wins that is still open.
     *
     * @param string $connection
     *   Its name; '*' for all.
     * @param string $method
     *   '*' for all.
     * @param string $uri
     *   Relative to the base URI, or absolute. {name} stands for a segment, * for anything. With a
     *   query, the parameters that it names must be there.
     */
    public function on(string $connection = '*', string $method = '*', string $uri = '*'): Rule {}
    /**
     * What was sent, oldest first; the arguments choose as those of on() do.
     *
     * @return list<\Causeway\Testing\SentRequest>
     */
    public function sent(?string $connection = null, ?string $method = null, ?string $uri = null): array {}
    /** How many were sent; the arguments choose as those of on() do. */
    public function sentCount(?string $connection = null, ?string $method = null, ?string $uri = null): int {}
    /**
     * Requests that were refused because no rule means them.
     *
     * @return list<string>
     */
    public function strays(): array {}
    /**
     * Rules that no request met, and recorded answers that nobody asked for.
     *
     * @return list<string>
     */
    public function unused(): array {}
    /**
     * Takes the fake away; a recording is written now.
     *
     * @throws \Causeway\Exception\OptionsException
     *   When a recording cannot be written.
     */
    public function stop(): void {}
  }
}

namespace Causeway\Webhook {

  /**
   * Verifies deliveries of one scheme, strictly: raw bytes, the window both ways, several secrets,
   * comparison in constant time.
   */
  final class Verifier {
    /**
     * Checks the options once.
     *
     * @param string $scheme
     *   'standard-webhooks', 'svix', 'github', 'stripe', 'slack', 'shopify', 'twilio',
     *   'twitch-eventsub', 'mailgun', 'sendgrid', 'hubspot', 'square', 'paddle', 'zoom', 'discord',
     *   'adyen', 'mollie', 'intercom', 'linear', 'calendly', 'salesforce-mc-ens', 'aws-sns',
     *   'paypal', 'rfc9421', or 'hmac' for any other HMAC.
     * @param array<string, mixed> $options
     *   secrets (strings as the vendor wrote them, or Causeway\Secret), secrets_hex, secrets_b64;
     *   public_keys, public_key_hex, public_key_der_b64 where the vendor signs with a private key;
     *   tolerance_s (the scheme's own where it signs a time, FALSE for no window). Of single
     *   schemes: version (hubspot: 'v1', 'v2', 'v3'), mode ('payment-item', 'platform') and
     *   merchant_account (adyen), notification_url (square), topic_arns and version (aws-sns: '1',
     *   '2'), webhook_id and mode (paypal: 'live', 'sandbox'), ca_file (aws-sns and paypal: the only
     *   roots of their certificates); template, header, prefix, separator, encoding ('hex',
     *   'base64'), algorithm ('sha256', 'sha512', 'sha1'), timestamp_header and id_header (hmac);
     *   those of Causeway\Http\MessageVerifier and id_header (rfc9421).
     *
     * @throws \Causeway\Exception\OptionsException
     *   For an unknown scheme or option, and for a secret that is empty or does not decode.
     */
    public function __construct(string $scheme, array $options) {}
    /**
     * Verifies a delivery as of now.
     *
     * @param string $body
     *   The raw body, before anything parsed it.
     * @param array<string, mixed>|object $headers
     *   In any shape that PHP has them: 'Name' => 'value', 'name' => ['value'], $_SERVER, a PSR-7
     *   message, or a bag with all() such as Symfony's.
     * @param string $url
     *   The full URL that the sender called, for schemes that sign it: HubSpot v2 and v3, Twilio,
     *   Square without notification_url.
     * @param callable(string): string|null $fetch
     *   Gets the certificate at a URL whose host the scheme has pinned, over TLS, for aws-sns and
     *   paypal.
     *
     * @throws \Causeway\Exception\SignatureException
     *   When it is refused; $reason says why.
     */
    public function verify(string $body, mixed $headers, string $method = 'POST', string $url = '', ?callable $fetch = null): Delivery {}
    /** The scheme's name. */
    public function scheme(): string {}
  }

  /** A verified delivery. */
  final class Delivery {
    /**
     * What it brings; for some vendors several, for a mere handshake none.
     *
     * @return list<\Causeway\Webhook\Event>
     */
    public function events(): array {}
    /** The scheme's name. */
    public function scheme(): string {}
    /** What the sender wants as an answer: send it as it is. NULL where any 2xx does. */
    public function reply(): ?Reply {}
    /** Which of the configured secrets matched, from 0. */
    public function secretIndex(): int {}
  }

  /** An answer that a sender waits for, such as the echo of a challenge. */
  final class Reply {
    /** The HTTP status. */
    public function status(): int {}
    /**
     * The body, as it is to be sent.
     *
     * @return string
     */
    public function body(): mixed {}
    /** The value of the Content-Type field. */
    public function contentType(): string {}
  }

  /** One event of a delivery. */
  final class Event {
    /** The id to use against replays: the scheme's own, or a hash of the signed bytes. */
    public function id(): string {}
    /** What happened, where the vendor says it. */
    public function type(): ?string {}
    /** When it happened, Unix milliseconds, where the vendor says it. */
    public function timeMs(): ?int {}
    /** The connection's name for an inbox's events, else the scheme's. */
    public function source(): string {}
    /** SHA-256 of the payload, 64 hex digits. */
    public function checksum(): string {}
    /** The payload, bytes. */
    public function payload(): mixed {}
    /**
     * The payload decoded as PHP's json_decode() does.
     *
     * @throws \JsonException
     */
    public function json(int $depth = 128): mixed {}
  }

  /**
   * Signs webhooks that are ours to send, under each of its secrets: while one is rolled, the old
   * and the new signature stand side by side.
   */
  final class Signer {
    /**
     * Checks the options once.
     *
     * @param string $scheme
     *   'standard-webhooks', 'github', 'stripe', 'hmac' or 'rfc9421'.
     * @param array<string, mixed> $options
     *   secrets (strings as a vendor would write them, or Causeway\Secret), secrets_hex,
     *   secrets_b64; private_keys ('whsk_…', standard-webhooks). Of hmac: those of
     *   Causeway\Webhook\Verifier, with separator for more than one signature. Of rfc9421: those of
     *   Causeway\Http\MessageSigner. 'github' takes one secret: its header has room for one.
     *
     * @throws \Causeway\Exception\OptionsException
     *   For an unknown scheme or option, and for a secret that is empty or does not decode.
     */
    public function __construct(string $scheme, array $options) {}
    /**
     * The header fields that sign a delivery as of now.
     *
     * @param string $body
     *   The raw body, as it will be sent.
     * @param string|null $id
     *   The event's id, where the scheme sends one; keep it for repeats. Made when left out. Of
     *   rfc9421 the nonce, where its parameters have one.
     * @param string $url
     *   Where it goes, for schemes that sign it.
     * @param array<string, mixed>|object|null $headers
     *   The request's other fields, for rfc9421.
     *
     * @return array<string, string>
     *
     * @throws \Causeway\Exception\SignatureException
     *   When the id is not of the scheme's form, something that is signed is missing, or a secret
     *   by reference cannot be read.
     */
    public function sign(string $body, ?string $id = null, string $method = 'POST', string $url = '', mixed $headers = null): array {}
    /** The scheme's name. */
    public function scheme(): string {}
  }
}
