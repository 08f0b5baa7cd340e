//! `Causeway\Store`: the PHP interface behind which an application keeps Causeway's records.

#![expect(
    clippy::too_many_arguments,
    reason = "a search has as many conditions; PHP names its arguments"
)]

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

/// Where durable records live: an application's own database, or one of Causeway's own stores.
///
/// A record is an array: key (64 hex digits), scope, label, state, version, due_at_ms,
/// lease_until_ms, token, attempts, checksum, created_at_ms, updated_at_ms, detail (a string of
/// JSON), payload (bytes, or NULL). Kinds: inbox, outbox, snapshot, cursor, switch. Keys compare
/// by bytes. Times are Unix milliseconds of the store's own clock.
#[php_interface]
#[php(name = "Causeway\\Store")]
pub trait StoreInterface {
    /// The store's own clock, Unix milliseconds. While a test has frozen time, that holds for the
    /// store too, and this is not asked.
    #[php(name = "nowMs")]
    fn now_ms(&self) -> PhpResult<i64>;

    /// Inserts unless the key is there: one conditional write, never read-then-write.
    ///
    /// @param array<string, mixed> $record
    ///
    /// @return bool
    ///   TRUE when it was inserted.
    #[php(name = "insert")]
    fn insert(&self, kind: &str, record: &ZendHashTable) -> PhpResult<bool>;

    /// The record with its payload, locked when a transaction is open; NULL when there is none.
    ///
    /// @return array<string, mixed>|null
    #[php(name = "read")]
    fn read(&self, kind: &str, key: &str) -> PhpResult<Option<ZBox<ZendHashTable>>>;

    /// Replaces the record only if its version is still $version; the new one carries
    /// $version + 1. Scope, label and created_at_ms stay; a payload of NULL leaves the stored one.
    ///
    /// @param array<string, mixed> $record
    ///
    /// @return bool
    ///   TRUE when it was replaced.
    #[php(name = "replace")]
    fn replace(&self, kind: &str, record: &ZendHashTable, version: i64) -> PhpResult<bool>;

    /// Records in any of these states, oldest due first, then by key; payloads only with
    /// $withPayload; due until a time that belongs to it. Inside a transaction a store may lock
    /// what it finds, and leave out what another transaction holds (SKIP LOCKED).
    ///
    /// @param list<string> $states
    /// @param array{due_at_ms: int, key: string}|null $after
    ///   Only what comes behind this one in that order: how a long list is walked in chunks.
    ///
    /// @return list<array<string, mixed>>
    #[php(name = "find")]
    fn find(
        &self,
        kind: &str,
        states: &ZendHashTable,
        scope: Option<&str>,
        dueUntilMs: Option<i64>,
        limit: i64,
        withPayload: bool,
        after: Option<&ZendHashTable>,
    ) -> PhpResult<ZBox<ZendHashTable>>;

    /// How many records there are in these states, of this scope alone where one is given; stops
    /// counting at $atMost.
    ///
    /// @param list<string> $states
    #[php(name = "countUpTo")]
    fn count_up_to(
        &self,
        kind: &str,
        states: &ZendHashTable,
        scope: Option<&str>,
        atMost: i64,
    ) -> PhpResult<i64>;

    /// Counts by scope and state.
    ///
    /// @return list<array{scope: string, state: string, count: int, oldest_due_at_ms: int}>
    #[php(name = "counts")]
    fn counts(&self, kind: &str) -> PhpResult<ZBox<ZendHashTable>>;

    /// Deletes a record and its payload.
    ///
    /// @return bool
    ///   Whether it was there.
    #[php(name = "delete")]
    fn delete(&self, kind: &str, key: &str) -> PhpResult<bool>;

    /// Deletes the payloads of these records, which stay themselves.
    ///
    /// @param list<string> $keys
    ///
    /// @return int
    ///   How many had one.
    #[php(name = "erase")]
    fn erase(&self, kind: &str, keys: &ZendHashTable) -> PhpResult<i64>;

    /// Deletes at most $limit records in these states that were due before a time, payloads too.
    /// A record that ended is due at its end.
    ///
    /// @param list<string> $states
    ///
    /// @return int
    ///   How many went.
    #[php(name = "purge")]
    fn purge(
        &self,
        kind: &str,
        states: &ZendHashTable,
        beforeMs: i64,
        limit: i64,
    ) -> PhpResult<i64>;

    /// Runs $work in one transaction, joining one that is open. An exception rolls back and is
    /// thrown on.
    ///
    /// @param callable(): mixed $work
    ///
    /// @return mixed
    ///   What $work returned.
    #[php(name = "atomically")]
    fn atomically(&self, work: ext_php_rs::types::ZendCallable<'_>) -> PhpResult<Zval>;
}
