//! The embedded store: Causeway's records in one SQLite file.
//!
//! SQLite is bundled, in WAL mode: what a write reported as stored is on disk (`sync.rs`). The file
//! is opened by the extension alone, because two copies of SQLite in one process drop each other's
//! POSIX locks (measured: a row lost). It is opened when it is first needed, closed before a fork
//! ([`close_all_before_fork`]) and opened anew on both sides, because a WAL file that is held open
//! across a fork loses committed rows (measured: 10 of 12).
//!
//! Every transaction begins with `BEGIN IMMEDIATE`: a deferred one fails with BUSY when it wants
//! to write. The clock is the host's, which all its processes share; tests freeze it.
//!
//! Losing the file loses the record of what was done. A crash loses no transaction that returned.

mod busy;
mod error;
mod find;
mod group;
mod handle;
mod log;
pub(super) mod parcel;
mod rows;
mod schema;
mod statements;
mod sync;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Count, Key, Kind, Query, Record, Store, StoreError, StoreErrorKind};
use handle::Handle;
pub use handle::{close_all_before_fork, end_request};
use rows::Rows;

/// Records in a file.
#[derive(Debug)]
pub struct SqliteStore {
    handle: Rc<Handle>,
}

impl SqliteStore {
    /// The store in this file, which is made when it is not there. Opens it, so that a wrong path
    /// is told at once.
    ///
    /// # Errors
    /// When the directory is missing, the file cannot be written, or is no such store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self {
            handle: Handle::new(path.as_ref().to_owned()),
        };
        store.handle.with(|_| Ok(()))?;
        Ok(store)
    }

    /// As [`SqliteStore::open`], on the connection that this thread keeps for the path from one
    /// PHP request to the next. A file that was deleted or replaced since is opened anew.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_kept(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self {
            handle: Handle::kept(path.as_ref().to_owned()),
        };
        store.handle.with(|_| Ok(()))?;
        Ok(store)
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.handle.path().to_owned()
    }

    /// Runs writes that belong together: in the open transaction, or in one of their own.
    fn write<T>(
        &self,
        work: impl FnOnce(Rows<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let is_open = self.handle.is_in_transaction();
        let written = self.handle.with(|rows| {
            if is_open {
                return work(rows);
            }
            transaction(rows, work)
        })?;
        if !is_open {
            // Also where nothing was written: a record that another process has just inserted is
            // told as a duplicate only once it is on disk.
            self.handle.wait_for_disk()?;
            self.handle.fold_log();
        }
        Ok(written)
    }
}

/// Runs writes that belong together.
fn transaction<T>(
    rows: Rows<'_>,
    work: impl FnOnce(Rows<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let connection = rows.connection;
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let result = work(rows).and_then(|value| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(value)
    });
    if result.is_err() && !connection.is_autocommit() {
        // What failed is what the caller hears; a failed rollback ends with the handle.
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

impl Store for SqliteStore {
    fn now_ms(&self) -> Result<i64, StoreError> {
        // What SQL would say: SQLite runs in this process and reads the host's clock.
        Ok(crate::clock::unix().0)
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.path())
    }

    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        if !self.handle.is_in_transaction()
            && let Some(is_inserted) = group::insert(&self.handle, kind, record)?
        {
            return Ok(is_inserted);
        }
        self.write(|rows| rows.insert(kind, record))
    }

    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        self.handle.with(|rows| rows.read(kind, key))
    }

    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        self.write(|rows| rows.replace(kind, record, version))
    }

    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        if query.states.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        self.handle.with(|rows| rows.find(kind, query))
    }

    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        let mut counted = 0;
        for state in states {
            let left = i64::try_from(at_most.saturating_sub(counted)).unwrap_or(i64::MAX);
            let of_state = self
                .handle
                .with(|rows| rows.count_up_to(kind, (state, scope), left))?;
            counted += usize::try_from(of_state).unwrap_or(0);
        }
        Ok(counted)
    }

    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> {
        self.handle.with(|rows| rows.counts(kind))
    }

    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        self.write(|rows| rows.delete(kind, &key.to_string()))
    }

    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        self.write(|rows| {
            let mut erased = 0;
            for key in keys {
                erased += usize::from(rows.erase(kind, &key.to_string())?);
            }
            Ok(erased)
        })
    }

    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write(|rows| {
            let mut keys: Vec<String> = Vec::new();
            for state in states {
                let left = limit.saturating_sub(i64::try_from(keys.len()).unwrap_or(i64::MAX));
                keys.extend(rows.purgeable(kind, (state, before_ms), left)?);
            }
            for key in &keys {
                rows.delete(kind, key)?;
            }
            Ok(keys.len())
        })
    }

    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.handle.is_in_transaction() {
            let result = work();
            if result.is_err() {
                self.handle.doom();
            }
            return result;
        }
        let transaction = self.handle.begin()?;
        work()?;
        transaction.commit()
    }
}

#[cfg(test)]
mod tests;
