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
mod record;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod contract;

pub use error::{CallbackError, StoreError, StoreErrorKind};
pub use key::{Key, checksum_of};
pub use memory::MemoryStore;
pub use record::{Count, Kind, Record};
pub use sqlite::SqliteStore;

/// Durable records. Not `Send`: a store belongs to one thread, and a PHP class may be behind it.
pub trait Store {
    /// The store's own clock, Unix milliseconds; leases and due times are measured on it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    fn now_ms(&self) -> Result<i64, StoreError>;

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

    /// Records in one of these states, without payload, oldest due first (then by key).
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

    /// Deletes at most `limit` records in these states that were last replaced before a time;
    /// how many went.
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
}

/// What [`Store::find`] looks for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Any of these states.
    pub states: &'a [&'a str],
    /// Of this scope alone.
    pub scope: Option<&'a str>,
    /// Only what is due by the store's clock.
    pub due_only: bool,
    /// Only what comes behind this due time and key in the order of the result: how a long list
    /// is walked in chunks. Cheap where one state is asked for.
    pub after: Option<(i64, Key)>,
    /// At most so many.
    pub limit: usize,
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
