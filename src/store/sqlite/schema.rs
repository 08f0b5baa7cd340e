//! The tables, and how the file is opened.
//!
//! `PRAGMA user_version` carries the schema's version. What is there is only added to, so an older
//! release works on beside this one; a new file is of the newest version, which a release before
//! version 3 cannot write. Each kind has a table of columns and a table of payloads, so that a look
//! through states never reads payloads.
//!
//! Keys are hashes, so whatever stands in their order is written all over. In a new file that is one
//! index and no more: records stand in the order in which they came, payloads by the number of
//! their record, and the indexes of what is due in the order of time. So a new record writes the
//! same few pages as the one before, but for one leaf of the index of keys.
//!
//! Files of before version 3 have their payloads by key, and keep them so: an older release may
//! have the file open too. What differs is in [`Layout`] and `statements.rs`.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::sync::GroupSync;
use super::{Kind, StoreError, StoreErrorKind, busy, error};
use crate::clock;

/// What `user_version` says of a new file.
const VERSION: i64 = 3;
/// What it says of an older one that has been brought up to date.
const VERSION_BY_KEY: i64 = 2;
/// How often a process looks whether another one has switched the file to WAL, and how long it
/// waits between.
const WAL_TRIES: usize = 200;
const WAL_PAUSE: Duration = Duration::from_millis(10);

/// What a payload is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// The number of its record.
    ById,
    /// The key of its record.
    ByKey,
}

/// Opens the file, makes it when it is not there, and brings its tables up to date.
pub(super) fn open(path: &Path) -> Result<(Connection, Layout, Option<GroupSync>), StoreError> {
    let (connection, layout, is_wal) =
        connect(path).map_err(|source| error::classify(path, source))?;
    if !is_wal {
        return Ok((connection, layout, None));
    }
    let sync = GroupSync::open(path).map_err(|source| {
        let message = format!(
            "store '{}': the file beside it that its writers meet at ('-sync') cannot be opened",
            path.display()
        );
        StoreError::new(StoreErrorKind::Unavailable, message).because(source)
    })?;
    Ok((connection, layout, Some(sync)))
}

/// The connection, the file's layout, and whether it is in WAL mode.
fn connect(path: &Path) -> rusqlite::Result<(Connection, Layout, bool)> {
    // A store belongs to one thread, so SQLite needs no mutex; a path is never read as a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(busy::wait))?;
    // A plan must not depend on the values that are bound: with this build's statistics SQLite
    // otherwise plans a statement anew at each use, which costs several times the use itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let is_wal = enter_wal(&connection)?;
    // In a WAL the sync of each commit is `GroupSync`'s.
    let synchronous = if is_wal { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if version(&connection)? < VERSION_BY_KEY {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been first.
        bring_up_to_date(&transaction)?;
        transaction.commit()?;
    }
    let layout = if version(&connection)? < VERSION {
        Layout::ByKey
    } else {
        Layout::ById
    };
    Ok((connection, layout, is_wal))
}

/// Switches the file to WAL. Of processes that open a new file at once, SQLite tells all but one
/// that it is busy, without waiting: it sees a deadlock in two that both want to switch. So the
/// others look again. On a file system without shared memory the mode stays another one, and the
/// store works more slowly.
fn enter_wal(connection: &Connection) -> rusqlite::Result<bool> {
    let switch = || {
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            Ok(row.get::<_, String>(0)?.eq_ignore_ascii_case("wal"))
        })
    };
    for _ in 1..WAL_TRIES {
        match switch() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                clock::wait_blocking(WAL_PAUSE);
            }
            done => return done,
        }
    }
    switch()
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn bring_up_to_date(connection: &Connection) -> rusqlite::Result<()> {
    match version(connection)? {
        0 => {
            for kind in Kind::ALL {
                connection.execute_batch(&tables_of(kind))?;
            }
            connection.pragma_update(None, "user_version", VERSION)
        }
        1 => {
            for kind in Kind::ALL {
                connection.execute_batch(&tables_by_key(kind))?;
            }
            connection.pragma_update(None, "user_version", VERSION_BY_KEY)
        }
        _ => Ok(()),
    }
}

/// What a record's columns are in both layouts.
const COLUMNS: &str = "key TEXT NOT NULL UNIQUE,
            scope TEXT NOT NULL,
            label TEXT NOT NULL,
            state TEXT NOT NULL,
            version INTEGER NOT NULL,
            due_at_ms INTEGER NOT NULL,
            lease_until_ms INTEGER NOT NULL,
            token INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            checksum TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            updated_at_ms INTEGER NOT NULL,
            detail TEXT NOT NULL";

/// Ties of time are sorted by key when they are read: in the indexes the keys would be most of it.
/// What is due in one scope is found without passing over the others' rows: a source that floods
/// must not make the others' events slow to find.
fn tables_of(kind: Kind) -> String {
    let table = format!("causeway_{}", kind.name());
    format!(
        "CREATE TABLE {table} (
            {COLUMNS},
            id INTEGER PRIMARY KEY
        ) STRICT;
        CREATE INDEX {table}_due ON {table} (state, due_at_ms);
        CREATE INDEX {table}_scope ON {table} (scope, state, due_at_ms);
        CREATE TABLE {table}_payload (
            id INTEGER PRIMARY KEY,
            payload BLOB NOT NULL
        ) STRICT;"
    )
}

/// What files of version 1 may lack of version 2.
fn tables_by_key(kind: Kind) -> String {
    let table = format!("causeway_{}", kind.name());
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            {COLUMNS}
        ) STRICT;
        CREATE INDEX IF NOT EXISTS {table}_due ON {table} (state, due_at_ms, key);
        CREATE INDEX IF NOT EXISTS {table}_scope ON {table} (scope, state, due_at_ms, key);
        CREATE TABLE IF NOT EXISTS {table}_payload (
            key TEXT NOT NULL PRIMARY KEY,
            payload BLOB NOT NULL
        ) STRICT;"
    )
}

#[cfg(test)]
mod tests;
