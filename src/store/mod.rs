//! Where durable records live: the trait, and the stores that are built in.
//!
//! A store compares keys and versions and keeps the time; it knows no rule of the rooms above.
//! What it promises, and what `contract.rs` checks of each store with a frozen clock:
//!
//! - **One write decides.** [`Store::insert`] and [`Store::replace`] are single conditional
//!   writes; of any number of racing callers exactly one is told `true`.
//! - **Record and payload change together**, also outside a transaction.
//! - **Keys compare by bytes**, scopes and states too.
//! - **A crash leaves all of a transaction or nothing of it.** What an operation outside a
//!   transaction reported as written stays written.
//! - **Nesting joins.** An error inside rolls back the outermost transaction, even when somebody
//!   in between swallowed it.
//!
//! Losing a store loses the record of what was done: effects may be repeated, never invented.

mod error;
mod key;
mod memory;
#[doc(hidden)]
pub mod parsers;
mod record;
pub mod redis;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod contract;

use std::path::PathBuf;

pub use error::{CallbackError, StoreError, StoreErrorKind};
pub use key::{Key, checksum_of};
pub use memory::MemoryStore;
pub use record::{Count, Kind, Record};
pub use redis::RedisStore;
pub use sqlite::SqliteStore;

/// Durable records. Not `Send`: a store belongs to one thread, and a PHP class may be behind it.
pub trait Store {
    /// The store's own clock, Unix milliseconds; leases and due times are measured on it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    fn now_ms(&self) -> Result<i64, StoreError>;

    /// The file of this host that holds all of it, where it is one.
    fn file(&self) -> Option<PathBuf> {
        None
    }

    /// Inserts unless the key is there; one conditional write. The version becomes 1.
    ///
    /// # Errors
    /// When nothing was written because the store failed; a present key is `Ok(false)`.
    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError>;

    /// The record with its payload; locked against others when a transaction is open.
    ///
    /// # Errors
    /// When the store cannot be read, or what it holds cannot be understood.
    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError>;

    /// Replaces the record if it still has this version; the new one has `version + 1`,
    /// whatever the record says. A payload of `None` leaves the stored payload; the time of
    /// creation, scope and label stay too.
    ///
    /// # Errors
    /// When nothing was written because the store failed; another version is `Ok(false)`.
    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError>;

    /// Records in one of these states, oldest due first (then by key). Inside a transaction a
    /// store may lock what it finds, and leave out what another transaction holds.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError>;

    /// How many records there are in these states, of this scope alone where one is given; it
    /// stops counting at `at_most`, so that a look at a queue's depth costs no more than its cap.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError>;

    /// Counts by scope and state, ordered by both.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError>;

    /// Deletes a record and its payload; whether it was there.
    ///
    /// # Errors
    /// When nothing was deleted because the store failed.
    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError>;

    /// Deletes the payloads of these records, which stay themselves; how many had one.
    ///
    /// # Errors
    /// When nothing was erased because the store failed.
    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError>;

    /// Deletes at most `limit` records in these states that were due before a time, payloads too;
    /// how many went. A record that ended is due at its end.
    ///
    /// # Errors
    /// When nothing was deleted because the store failed.
    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Runs the work once, in one transaction, joining one that is open. An error rolls back and
    /// is handed on as it is. The work may run foreign code, and may call this store.
    ///
    /// # Errors
    /// The work's own error, or the store's when it could not begin or commit.
    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Finds records and replaces each by what `next` makes of it, in few steps: those that were
    /// replaced, as found and as they are now. Another worker's are left out, and those for which
    /// `next` has nothing.
    ///
    /// # Errors
    /// When nothing was replaced because the store failed.
    fn replace_found(
        &self,
        kind: Kind,
        query: &Query<'_>,
        next: &mut dyn FnMut(&Record) -> Option<Record>,
    ) -> Result<Vec<(Record, Record)>, StoreError> {
        let mut replaced = Vec::new();
        self.atomically(&mut || {
            for found in self.find(kind, query)? {
                if let Some(next) = next(&found)
                    && self.replace(kind, &next, found.version)?
                {
                    replaced.push((found, next));
                }
            }
            Ok(())
        })?;
        Ok(replaced)
    }
}

/// What [`Store::find`] looks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Any of these states.
    pub states: &'a [&'a str],
    /// Of this scope alone.
    pub scope: Option<&'a str>,
    /// Due at this time or earlier, Unix milliseconds.
    pub due_until_ms: Option<i64>,
    /// Only what comes behind this due time and key in the order of the result: how a long list
    /// is walked in chunks, and where a span of time begins ([`Key::LAST`] at the moment before).
    pub after: Option<(i64, Key)>,
    /// At most so many.
    pub limit: usize,
    /// With their payloads.
    pub with_payload: bool,
}

impl Query<'_> {
    /// Whether a record is looked for; the limit and the order are not its matter.
    pub fn matches(&self, record: &Record) -> bool {
        self.states.contains(&record.state.as_str())
            && self.scope.is_none_or(|scope| scope == record.scope)
            && self.due_until_ms.is_none_or(|ms| record.due_at_ms <= ms)
            && self
                .after
                .is_none_or(|after| (record.due_at_ms, record.key) > after)
    }
}

/// Runs work that has a result in one transaction.
///
/// # Errors
/// As [`Store::atomically`].
pub fn atomically<T>(
    store: &dyn Store,
    mut work: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut result = None;
    store.atomically(&mut || {
        result = Some(work()?);
        Ok(())
    })?;
    result.ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Misuse,
            "the store did not run the transaction's work",
        )
    })
}
