//! The append-only log of effects, from which applications are counted.
//!
//! The ledger says what Causeway believes; this log says what happened. Where the effect is a row
//! of the application's own table, that table (without a unique key) is the log. Where the effect
//! is a snapshot that Causeway writes, the drill adds triggers to the snapshot table, from its own
//! process, that append to `drill_effects` in the same transaction as the write. A write which
//! only settles owed cache tags (state `owed` to another, same cause, same time of the fetch) is not
//! an application.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::failure::{Doing, Outcome};

/// Where effects are found.
#[derive(Clone, Debug)]
pub enum EffectsLog {
    /// Triggers on this snapshot table.
    Snapshots {
        /// The SQLite file.
        database: PathBuf,
        /// `causeway_snapshot`, with the application's prefix where there is one.
        table: String,
    },
    /// A table of the application with a column `event_id`.
    Table {
        /// The SQLite file.
        database: PathBuf,
        /// Its name.
        table: String,
        /// The column of the entity's id.
        entity: String,
    },
}

impl EffectsLog {
    fn database(&self) -> &Path {
        match self {
            Self::Snapshots { database, .. } | Self::Table { database, .. } => database,
        }
    }

    fn open(&self) -> Outcome<Connection> {
        let database = Connection::open(self.database())
            .doing(format!("opening {}", self.database().display()))?;
        database.busy_timeout(Duration::from_secs(10))?;
        Ok(database)
    }

    /// Prepares the log, empty. The application's tables must be there.
    pub fn begin(&self) -> Outcome<()> {
        let database = self.open()?;
        match self {
            Self::Table { table, .. } => database
                .execute(&format!("DELETE FROM {table}"), [])
                .map(drop),
            Self::Snapshots { table, .. } => database.execute_batch(&triggers(table)),
        }
        .doing("preparing the log of effects")
    }

    /// How often each cause (an event's id, or `backfill`) was applied to each label.
    pub fn applications(&self) -> Outcome<HashMap<(String, String), u64>> {
        let database = self.open()?;
        let query = match self {
            Self::Table { table, entity, .. } => {
                format!("SELECT event_id, {entity}, count(*) FROM {table} GROUP BY 1, 2")
            }
            Self::Snapshots { .. } => "SELECT cause, label, count(*) FROM drill_effects \
                 WHERE cause IS NOT NULL GROUP BY 1, 2"
                .to_owned(),
        };
        let mut statement = database.prepare(&query)?;
        let rows = statement.query_map([], |row| {
            Ok((
                (row.get(0)?, row.get(1)?),
                row.get::<_, i64>(2)?.unsigned_abs(),
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets all snapshots of a scope (`connection/resource`), so that a backfill begins anew.
    pub fn forget_snapshots(&self, scope: &str) -> Outcome<()> {
        let Self::Snapshots { table, .. } = self else {
            return Ok(());
        };
        let database = self.open()?;
        // What a payload belongs to: the number of its record in a store of ours, its key elsewhere.
        let column: String = database.query_row(
            "SELECT name FROM pragma_table_info(?1) WHERE name <> 'payload'",
            [format!("{table}_payload")],
            |row| row.get(0),
        )?;
        database.execute_batch("BEGIN IMMEDIATE")?;
        database.execute(
            &format!(
                "DELETE FROM {table}_payload \
                 WHERE {column} IN (SELECT {column} FROM {table} WHERE scope = ?1)"
            ),
            [scope],
        )?;
        database.execute(&format!("DELETE FROM {table} WHERE scope = ?1"), [scope])?;
        database.execute_batch("COMMIT")?;
        Ok(())
    }
}

/// Counts over [`EffectsLog::applications`] for events that must each be applied exactly once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that were applied at least once.
    pub applied: u64,
    /// Events that were applied more than once.
    pub applied_twice: u64,
    /// Events that were never applied.
    pub lost: u64,
}

/// Counts how often each of `events` was applied.
pub fn tally(events: &[String], applications: &HashMap<(String, String), u64>) -> Tally {
    let mut by_event: HashMap<&str, u64> = HashMap::new();
    for ((cause, _), times) in applications {
        *by_event.entry(cause).or_default() += times;
    }
    let mut tally = Tally::default();
    for event in events {
        match by_event.get(event.as_str()) {
            None => tally.lost += 1,
            Some(1) => tally.applied += 1,
            Some(_) => {
                tally.applied += 1;
                tally.applied_twice += 1;
            }
        }
    }
    tally
}

fn triggers(table: &str) -> String {
    let row = "INSERT INTO drill_effects (scope, label, version, cause, at_ms) VALUES \
               (new.scope, new.label, new.version, json_extract(new.detail, '$.cause'), \
               CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))";
    format!(
        "CREATE TABLE IF NOT EXISTS drill_effects (id INTEGER PRIMARY KEY AUTOINCREMENT, \
           scope TEXT, label TEXT, version INTEGER, cause TEXT, at_ms INTEGER);
         DELETE FROM drill_effects;
         CREATE TRIGGER IF NOT EXISTS drill_effect_insert AFTER INSERT ON {table} BEGIN {row}; END;
         CREATE TRIGGER IF NOT EXISTS drill_effect_update AFTER UPDATE ON {table}
           WHEN new.version > old.version
            AND NOT (old.state = 'owed' AND new.state <> 'owed'
              AND json_extract(new.detail, '$.cause') IS json_extract(old.detail, '$.cause')
              AND json_extract(new.detail, '$.fetched_at_ms') IS json_extract(old.detail, '$.fetched_at_ms'))
         BEGIN {row}; END;"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (tempfile::TempDir, EffectsLog) {
        let dir = tempfile::tempdir().unwrap();
        let log = EffectsLog::Snapshots {
            database: dir.path().join("s.sqlite"),
            table: "causeway_snapshot".into(),
        };
        log.open()
            .unwrap()
            .execute_batch(
                "CREATE TABLE causeway_snapshot (key TEXT PRIMARY KEY, scope TEXT, label TEXT, state TEXT, version INTEGER, detail TEXT);
                 CREATE TABLE causeway_snapshot_payload (key TEXT PRIMARY KEY, payload BLOB);",
            )
            .unwrap();
        log.begin().unwrap();
        (dir, log)
    }

    #[test]
    fn settling_tags_is_not_an_application() {
        let (_dir, log) = log();
        let update = |version: u32, state: &str, cause: &str, fetched: u32| {
            let detail = format!(r#"{{"cause":"{cause}","fetched_at_ms":{fetched}}}"#);
            let write = "INSERT INTO causeway_snapshot VALUES ('k', 'crm/contact', 'c1', ?1, ?2, ?3) \
                 ON CONFLICT (key) DO UPDATE SET state = ?1, version = ?2, detail = ?3";
            log.open()
                .unwrap()
                .execute(write, (state, version, detail))
                .unwrap();
        };
        update(1, "owed", "evt_1", 10);
        update(2, "current", "evt_1", 10);
        update(3, "current", "evt_2", 20);
        update(4, "current", "evt_2", 20);
        update(5, "current", "evt_4", 30);
        update(6, "owed", "evt_5", 30);
        update(7, "owed", "evt_5", 40);
        let events = ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"].map(String::from);
        let counted = tally(&events, &log.applications().unwrap());
        assert_eq!(
            counted,
            Tally {
                applied: 4,
                applied_twice: 2,
                lost: 1
            }
        );
    }

    #[test]
    fn forgetting_is_limited_to_the_scope() {
        let (_dir, log) = log();
        log.open()
            .unwrap()
            .execute_batch(
                "INSERT INTO causeway_snapshot VALUES ('a', 'catalog/product', '1', 'current', 1, '{}'), ('b', 'crm/contact', 'c1', 'current', 1, '{}')",
            )
            .unwrap();
        log.forget_snapshots("catalog/product").unwrap();
        let left: u32 = log
            .open()
            .unwrap()
            .query_row("SELECT count(*) FROM causeway_snapshot", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(left, 1);
    }
}
