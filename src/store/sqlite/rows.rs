//! The rows of an open file: reading and writing records, inside whatever transaction is open.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::schema::Layout;
use super::statements::{self, Sql};
use super::{Count, Key, Kind, Query, Record, find};

/// The rows of one file, by the layout that it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) layout: Layout,
}

impl Rows<'_> {
    /// Inserts a record and its payload, unless its key is there.
    pub(super) fn insert(self, kind: Kind, record: &Record) -> rusqlite::Result<bool> {
        let sql = self.sql(kind);
        let mut insert = self.connection.prepare_cached(sql.insert)?;
        if insert.execute(insert_values(record))? == 0 {
            return Ok(false);
        }
        self.write_payload(sql.insert_payload, record)?;
        Ok(true)
    }

    pub(super) fn read(self, kind: Kind, key: &Key) -> rusqlite::Result<Option<Record>> {
        self.connection
            .prepare_cached(self.sql(kind).read)?
            .query_row([key.to_string()], record_with_payload)
            .optional()
    }

    /// Replaces a record of this version, and its payload where it has one.
    pub(super) fn replace(
        self,
        kind: Kind,
        record: &Record,
        version: i64,
    ) -> rusqlite::Result<bool> {
        let sql = self.sql(kind);
        let mut replace = self.connection.prepare_cached(sql.replace)?;
        if replace.execute(replace_values(record, version))? == 0 {
            return Ok(false);
        }
        self.write_payload(sql.replace_payload, record)?;
        Ok(true)
    }

    pub(super) fn find(self, kind: Kind, query: &Query<'_>) -> rusqlite::Result<Vec<Record>> {
        self.connection
            .prepare_cached(&find::sql(self.layout, kind, query))?
            .query_map(
                rusqlite::params_from_iter(find::values(query)),
                record_with_payload,
            )?
            .collect()
    }

    /// How many records of a state there are, up to a bound.
    pub(super) fn count_up_to(
        self,
        kind: Kind,
        (state, scope): (&str, Option<&str>),
        at_most: i64,
    ) -> rusqlite::Result<i64> {
        self.connection
            .prepare_cached(&find::count_sql(kind, scope))?
            .query_row(params![state, at_most, scope], |row| row.get(0))
    }

    pub(super) fn counts(self, kind: Kind) -> rusqlite::Result<Vec<Count>> {
        self.connection
            .prepare_cached(self.sql(kind).counts)?
            .query_map([], count)?
            .collect()
    }

    /// Deletes a record and its payload; whether it was there.
    pub(super) fn delete(self, kind: Kind, key: &str) -> rusqlite::Result<bool> {
        self.erase(kind, key)?;
        let mut delete = self.connection.prepare_cached(self.sql(kind).delete)?;
        Ok(delete.execute([key])? > 0)
    }

    /// Deletes a record's payload; whether it had one.
    pub(super) fn erase(self, kind: Kind, key: &str) -> rusqlite::Result<bool> {
        let delete = self.sql(kind).delete_payload;
        Ok(self.connection.prepare_cached(delete)?.execute([key])? > 0)
    }

    /// The keys of records of a state that were due before a time, up to a bound.
    pub(super) fn purgeable(
        self,
        kind: Kind,
        (state, before_ms): (&str, i64),
        at_most: i64,
    ) -> rusqlite::Result<Vec<String>> {
        self.connection
            .prepare_cached(self.sql(kind).purgeable)?
            .query_map(params![state, before_ms, at_most], |row| row.get(0))?
            .collect()
    }

    fn write_payload(self, sql: &str, record: &Record) -> rusqlite::Result<()> {
        if let Some(payload) = &record.payload {
            self.connection
                .prepare_cached(sql)?
                .execute(params![record.key.to_string(), payload])?;
        }
        Ok(())
    }

    fn sql(self, kind: Kind) -> &'static Sql {
        statements::sql(self.layout, kind)
    }
}

/// What the insert binds.
fn insert_values(record: &Record) -> impl Params {
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
fn replace_values(record: &Record, version: i64) -> impl Params {
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
fn record_with_payload(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        payload: row.get("payload")?,
        ..record_without_payload(row)?
    })
}

/// A row of the counts.
fn count(row: &Row<'_>) -> rusqlite::Result<Count> {
    Ok(Count {
        scope: row.get(0)?,
        state: row.get(1)?,
        count: row.get(2)?,
        oldest_due_at_ms: row.get(3)?,
    })
}
