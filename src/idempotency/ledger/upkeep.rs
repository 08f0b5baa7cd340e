//! What people and clean-up do to a ledger: replay what died, erase payloads, delete rows.
//!
//! All of it goes in steps of a bounded size, so that no step holds the store for long, however
//! many rows there are. Payloads may be erased long before the rows that prove what was done; rows
//! are kept for longer than any sender repeats a delivery, else a late repeat would be new.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{CONFLICT, DEAD, DONE, Ledger, RACES_AT_MOST, key_of, word_of};
use crate::idempotency::decide;
use crate::store::{Key, Kind, Query, Record, StoreError};

/// Dead letters are put back in line in transactions of so many.
const REPLAYED_AT_ONCE: usize = 100;

/// Which dead letters are replayed; everything where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayFilter<'a> {
    /// Of this source alone.
    pub source: Option<&'a str>,
    /// That died at this time or later, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// That died at this time or earlier, Unix milliseconds.
    pub until_ms: Option<i64>,
}

impl Ledger {
    /// Puts a dead letter back in line; whether there was one.
    ///
    /// # Errors
    /// When the store failed.
    pub fn replay(&self, source: &str, event_id: &str) -> Result<bool, StoreError> {
        let key = key_of(source, event_id);
        for _ in 0..RACES_AT_MOST {
            let Some(record) = self.store.read(Kind::Inbox, &key)? else {
                return Ok(false);
            };
            let Some(next) = decide::replay(&record, self.store.now_ms()?) else {
                return Ok(false);
            };
            if self.store.replace(Kind::Inbox, &next, record.version)? {
                return Ok(true);
            }
        }
        Err(StoreError::lost_race())
    }

    /// Puts up to `limit` dead letters back in line, the longest dead first; how many.
    ///
    /// # Errors
    /// When the store failed; those before are back in line.
    pub fn replay_all(&self, filter: ReplayFilter<'_>, limit: usize) -> Result<usize, StoreError> {
        let mut replayed = 0_usize;
        while replayed < limit {
            let now_ms = self.store.now_ms()?;
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
            let found = self
                .store
                .replace_found(Kind::Inbox, &query, &mut replay)?
                .len();
            replayed += found;
            if found < wanted {
                break;
            }
        }
        Ok(replayed)
    }

    /// Deletes done rows (and kept conflicts) that are older than this; how many went. Keep them
    /// for longer than any sender repeats: 76 h for Standard Webhooks.
    ///
    /// # Errors
    /// When the store failed.
    pub fn purge(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let before_ms = self.before_ms(older_than)?;
        self.store
            .purge(Kind::Inbox, &[DONE, CONFLICT], before_ms, limit)
    }

    /// Erases the payloads of rows (and conflicts) that were done before; how many rows it looked
    /// at, at most `limit`: fewer mean that nothing is left. The rows stay, and know a duplicate by
    /// its checksum. How far it came is kept in the store, so that no row is looked at twice.
    ///
    /// # Errors
    /// When the store failed.
    pub fn erase_payloads(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let before_ms = self.before_ms(older_than)?;
        let mark_key = Key::of(&[b"erased", b"inbox"]);
        let mark = self.store.read(Kind::Cursor, &mark_key)?;
        let query = Query {
            states: &[DONE, CONFLICT],
            // A clock that was set back must not leave rows behind the mark.
            after: mark
                .as_ref()
                .and_then(place_of)
                .filter(|(ms, _)| *ms < before_ms),
            due_until_ms: Some(before_ms.saturating_sub(1)),
            limit,
            ..Query::default()
        };
        let rows = self.store.find(Kind::Inbox, &query)?;
        let Some(last) = rows.last() else {
            return Ok(0);
        };
        let keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
        self.store.erase(Kind::Inbox, &keys)?;
        let next = mark_at(mark_key, last);
        // Another worker that was first has a mark as good.
        let _ = match mark {
            Some(mark) => self.store.replace(Kind::Cursor, &next, mark.version)?,
            None => self.store.insert(Kind::Cursor, &next)?,
        };
        Ok(rows.len())
    }

    fn before_ms(&self, older_than: Duration) -> Result<i64, StoreError> {
        let older_ms = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        Ok(self.store.now_ms()?.saturating_sub(older_ms))
    }
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
