//! The tables, and how the file is opened.
//!
//! `PRAGMA user_version` carries the schema's version, which only expands within a major version:
//! an older release works on a newer file. Each kind has a table of columns and a table of
//! payloads, so that a look through states never reads payloads.
//!
//! Keys are hashes, so a table in the order of its keys would be written all over. Rows stand in
//! the order in which they came instead (SQLite's rowid), and so do the indexes of what is due: a
//! new record writes the same few pages as the one before, but for one leaf of each index of keys.
//! Files of before have their tables in the order of keys; every statement works on both.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::sync::GroupSync;
use super::{Kind, StoreError, StoreErrorKind, busy, error};
use crate::clock;

/// What `user_version` says once the tables are there.
const VERSION: i64 = 2;
/// How often a process looks whether another one has switched the file to WAL, and how long it
/// waits between.
const WAL_TRIES: usize = 200;
const WAL_PAUSE: Duration = Duration::from_millis(10);

/// Opens the file, makes it when it is not there, and brings its tables up to date.
pub(super) fn open(path: &Path) -> Result<(Connection, Option<GroupSync>), StoreError> {
    let (connection, is_wal) = connect(path).map_err(|source| error::classify(path, source))?;
    if !is_wal {
        return Ok((connection, None));
    }
    let sync = GroupSync::open(path).map_err(|source| {
        let message = format!(
            "store '{}': the file beside it that its writers meet at ('-sync') cannot be opened",
            path.display()
        );
        StoreError::new(StoreErrorKind::Unavailable, message).because(source)
    })?;
    Ok((connection, Some(sync)))
}

/// The connection, and whether it is in WAL mode.
fn connect(path: &Path) -> rusqlite::Result<(Connection, bool)> {
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
    if version(&connection)? < VERSION {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been first.
        if version(&transaction)? < VERSION {
            for kind in Kind::ALL {
                transaction.execute_batch(&tables_of(kind))?;
                transaction.execute_batch(&since_version_2(kind))?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    Ok((connection, is_wal))
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

fn tables_of(kind: Kind) -> String {
    let table = format!("causeway_{}", kind.name());
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            key TEXT NOT NULL PRIMARY KEY,
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
            detail TEXT NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS {table}_due ON {table} (state, due_at_ms, key);
        CREATE TABLE IF NOT EXISTS {table}_payload (
            key TEXT NOT NULL PRIMARY KEY,
            payload BLOB NOT NULL
        ) STRICT;"
    )
}

/// What is due in one scope is found without passing over the others' rows: a source that floods
/// must not make the others' events slow to find.
fn since_version_2(kind: Kind) -> String {
    let table = format!("causeway_{}", kind.name());
    format!("CREATE INDEX IF NOT EXISTS {table}_scope ON {table} (scope, state, due_at_ms, key);")
}
