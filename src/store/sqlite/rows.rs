//! The statements of each kind, and rows from and to records.
//!
//! Table names cannot be bound, so a macro writes them for each kind.

use rusqlite::types::Type;
use rusqlite::{Connection, Params, Row, params};

use super::{Count, Key, Kind, Record};

/// The statements of one kind.
pub(super) struct Sql {
    pub(super) insert: &'static str,
    pub(super) read: &'static str,
    pub(super) replace: &'static str,
    pub(super) counts: &'static str,
    pub(super) delete: &'static str,
    pub(super) delete_payload: &'static str,
    pub(super) purgeable: &'static str,
    pub(super) write_payload: &'static str,
}

/// One kind's statements; `$table` is the table's name.
macro_rules! statements {
    ($table:literal) => {
        Sql {
            insert: concat!(
                "INSERT INTO ",
                $table,
                " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ",
                "ON CONFLICT (key) DO NOTHING"
            ),
            read: concat!(
                "SELECT r.*, p.payload FROM ",
                $table,
                " r LEFT JOIN ",
                $table,
                "_payload p ON p.key = r.key WHERE r.key = ?1"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET state = ?2, version = version + 1, due_at_ms = ?3, ",
                "lease_until_ms = ?4, token = ?5, attempts = ?6, checksum = ?7, ",
                "updated_at_ms = ?8, detail = ?9 WHERE key = ?1 AND version = ?10"
            ),
            counts: concat!(
                "SELECT scope, state, count(*), min(due_at_ms) FROM ",
                $table,
                " GROUP BY scope, state ORDER BY scope, state"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE key = ?1"),
            delete_payload: concat!("DELETE FROM ", $table, "_payload WHERE key = ?1"),
            purgeable: concat!(
                "SELECT key FROM ",
                $table,
                " WHERE state = ?1 AND due_at_ms < ?2 ORDER BY due_at_ms LIMIT ?3"
            ),
            write_payload: concat!(
                "INSERT INTO ",
                $table,
                "_payload VALUES (?1, ?2) ",
                "ON CONFLICT (key) DO UPDATE SET payload = excluded.payload"
            ),
        }
    };
}

static INBOX: Sql = statements!("causeway_inbox");
static OUTBOX: Sql = statements!("causeway_outbox");
static SNAPSHOT: Sql = statements!("causeway_snapshot");
static CURSOR: Sql = statements!("causeway_cursor");
static SWITCH: Sql = statements!("causeway_switch");

/// The statements of a kind.
pub(super) fn sql(kind: Kind) -> &'static Sql {
    match kind {
        Kind::Inbox => &INBOX,
        Kind::Outbox => &OUTBOX,
        Kind::Snapshot => &SNAPSHOT,
        Kind::Cursor => &CURSOR,
        Kind::Switch => &SWITCH,
    }
}

/// What the insert binds.
pub(super) fn insert_values(record: &Record) -> impl Params {
    (
        record.key.to_string(),
        record.scope.clone(),
        record.label.clone(),
        record.state.clone(),
        record.due_at_ms,
        record.lease_until_ms,
        record.token,
        record.attempts,
        record.checksum.clone(),
        record.created_at_ms,
        record.updated_at_ms,
        record.detail.clone(),
    )
}

/// What the replacement binds.
pub(super) fn replace_values(record: &Record, version: i64) -> impl Params {
    (
        record.key.to_string(),
        record.state.clone(),
        record.due_at_ms,
        record.lease_until_ms,
        record.token,
        record.attempts,
        record.checksum.clone(),
        record.updated_at_ms,
        record.detail.clone(),
        version,
    )
}

/// Writes the payload where the record has one.
pub(super) fn write_payload(
    connection: &Connection,
    kind: Kind,
    record: &Record,
) -> rusqlite::Result<()> {
    if let Some(payload) = &record.payload {
        connection
            .prepare_cached(sql(kind).write_payload)?
            .execute(params![record.key.to_string(), payload])?;
    }
    Ok(())
}

fn record_without_payload(row: &Row<'_>) -> rusqlite::Result<Record> {
    let key: String = row.get(0)?;
    let key = Key::parse(&key).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, "not 64 hex digits".into())
    })?;
    Ok(Record {
        key,
        scope: row.get(1)?,
        label: row.get(2)?,
        state: row.get(3)?,
        version: row.get(4)?,
        due_at_ms: row.get(5)?,
        lease_until_ms: row.get(6)?,
        token: row.get(7)?,
        attempts: row.get(8)?,
        checksum: row.get(9)?,
        created_at_ms: row.get(10)?,
        updated_at_ms: row.get(11)?,
        detail: row.get(12)?,
        payload: None,
    })
}

/// A row of columns and, last, the payload.
pub(super) fn record_with_payload(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        payload: row.get("payload")?,
        ..record_without_payload(row)?
    })
}

/// A row of the counts.
pub(super) fn count(row: &Row<'_>) -> rusqlite::Result<Count> {
    Ok(Count {
        scope: row.get(0)?,
        state: row.get(1)?,
        count: row.get(2)?,
        oldest_due_at_ms: row.get(3)?,
    })
}
