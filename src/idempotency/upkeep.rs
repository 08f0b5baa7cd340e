//! What people and clean-up do to records that ended, whatever their kind: put back in line what
//! died, erase payloads.
//!
//! All of it goes in steps of a bounded size, so that no step holds the store for long, however
//! many rows there are. Payloads may be erased long before the rows that prove what was done.

use std::time::Duration;

use serde_json::{Map, Value};

use super::decide::{self, DEAD};
use super::ledger::{RACES_AT_MOST, word_of};
use crate::store::{Key, Kind, Query, Record, Store, StoreError};

/// Dead letters are put back in line in transactions of so many.
const REPLAYED_AT_ONCE: usize = 100;

/// Which dead letters are replayed; everything where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayFilter<'a> {
    /// Of this source alone; in an outbox, of this connection.
    pub source: Option<&'a str>,
    /// That died at this time or later, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// That died at this time or earlier, Unix milliseconds.
    pub until_ms: Option<i64>,
}

/// Puts a dead letter back in line; whether there was one.
///
/// # Errors
/// When the store failed.
pub(super) fn replay(store: &dyn Store, kind: Kind, key: &Key) -> Result<bool, StoreError> {
    for _ in 0..RACES_AT_MOST {
        let Some(record) = store.read(kind, key)? else {
            return Ok(false);
        };
        let Some(next) = decide::replay(&record, store.now_ms()?) else {
            return Ok(false);
        };
        if store.replace(kind, &next, record.version)? {
            return Ok(true);
        }
    }
    Err(StoreError::lost_race())
}

/// Puts up to `limit` dead letters back in line, the longest dead first; how many.
///
/// # Errors
/// When the store failed; those before are back in line.
pub(super) fn replay_all(
    store: &dyn Store,
    kind: Kind,
    filter: ReplayFilter<'_>,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut replayed = 0_usize;
    while replayed < limit {
        let now_ms = store.now_ms()?;
        let wanted = (limit - replayed).min(REPLAYED_AT_ONCE);
        let query = Query {
            states: &[DEAD],
            scope: filter.source,
            // What died is due at its death.
            after: filter.from_ms.map(|ms| (ms.saturating_sub(1), Key::LAST)),
            due_until_ms: filter.until_ms,
            limit: wanted,
            ..Query::default()
        };
        let mut replay = |record: &Record| decide::replay(record, now_ms);
        let found = store.replace_found(kind, &query, &mut replay)?.len();
        replayed += found;
        if found < wanted {
            break;
        }
    }
    Ok(replayed)
}

/// Whose payloads are erased.
pub(super) struct Erasing<'a> {
    /// Of this kind.
    pub(super) kind: Kind,
    /// In these states, which are ends.
    pub(super) states: &'a [&'a str],
    /// Of this scope alone.
    pub(super) scope: Option<&'a str>,
    /// The record of how far it came.
    pub(super) mark: Key,
    /// That ended before this time, Unix milliseconds.
    pub(super) before_ms: i64,
}

/// Erases payloads of what ended; how many rows it looked at, at most `limit`: fewer mean that
/// nothing is left. How far it came is kept in the store, so that no row is looked at twice.
///
/// # Errors
/// When the store failed.
pub(super) fn erase_payloads(
    store: &dyn Store,
    erasing: &Erasing<'_>,
    limit: usize,
) -> Result<usize, StoreError> {
    let mark = store.read(Kind::Cursor, &erasing.mark)?;
    let query = Query {
        states: erasing.states,
        scope: erasing.scope,
        // A clock that was set back must not leave rows behind the mark.
        after: mark
            .as_ref()
            .and_then(place_of)
            .filter(|(ms, _)| *ms < erasing.before_ms),
        due_until_ms: Some(erasing.before_ms.saturating_sub(1)),
        limit,
        ..Query::default()
    };
    let rows = store.find(erasing.kind, &query)?;
    let Some(last) = rows.last() else {
        return Ok(0);
    };
    let keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
    store.erase(erasing.kind, &keys)?;
    let next = mark_at(erasing.mark, last);
    // Another worker that was first has a mark as good.
    let _ = match mark {
        Some(mark) => store.replace(Kind::Cursor, &next, mark.version)?,
        None => store.insert(Kind::Cursor, &next)?,
    };
    Ok(rows.len())
}

/// The time before which something is older than this.
pub(super) fn before_ms(store: &dyn Store, older_than: Duration) -> Result<i64, StoreError> {
    let older_ms = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
    Ok(store.now_ms()?.saturating_sub(older_ms))
}

/// The record of how far payloads were erased.
fn mark_at(key: Key, last: &Record) -> Record {
    let mut detail = Map::new();
    detail.insert("key".to_owned(), Value::from(last.key.to_string()));
    Record {
        detail: decide::text_of(detail),
        ..Record::new(key, "", "erased payloads", "erased", last.due_at_ms)
    }
}

fn place_of(mark: &Record) -> Option<(i64, Key)> {
    let key = Key::parse(&word_of(&decide::detail_of(mark), "key"))?;
    Some((mark.due_at_ms, key))
}
