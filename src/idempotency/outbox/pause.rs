//! Whether the relay may send: a record of when it was last there, and why it is paused.
//!
//! A store that was restored from a backup holds items that were sent since: sending them again
//! would be a second time that nobody asked for. Two things give it away. The relay's own record
//! is as old as the backup: a relay that was away for longer than [`OutboxOptions::away`] does not
//! send what is left from before. And the record's version went back, which this process may have
//! seen. Either way the relay pauses and says why; [`Outbox::resume`] sends what is there.
//!
//! What this cannot see: a backup younger than `away`, restored while no worker was running.

use serde_json::{Map, Value};

use super::{Outbox, UNSENT};
use crate::idempotency::decide;
use crate::idempotency::ledger::{RACES_AT_MOST, word_of};
use crate::store::{Key, Kind, Query, Record, StoreError};

/// The state of the relay's record while it sends.
const RELAY: &str = "relay";
/// The state of the relay's record while it does not.
const PAUSED: &str = "relay_paused";
/// How often the relay notes that it is there.
const NOTED_EVERY_MS: i64 = 60_000;

impl Outbox {
    /// Why the relay does not send; `None` where it does.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn paused(&self) -> Result<Option<String>, StoreError> {
        let record = self.store.read(Kind::Outbox, &self.relay_key())?;
        Ok(record
            .filter(|record| record.state == PAUSED)
            .map(|record| word_of(&decide::detail_of(&record), "reason")))
    }

    /// Stops the relay, for all workers.
    ///
    /// # Errors
    /// When the store failed.
    pub fn pause(&self, reason: &str) -> Result<(), StoreError> {
        self.note(PAUSED, reason)
    }

    /// Lets the relay send again, also what is left from before.
    ///
    /// # Errors
    /// When the store failed.
    pub fn resume(&self) -> Result<(), StoreError> {
        self.note(RELAY, "")
    }

    /// Looks whether the relay may send now, and notes that it was here.
    pub(super) fn may_send(&self, now_ms: i64) -> Result<Result<(), String>, StoreError> {
        let record = self.store.read(Kind::Outbox, &self.relay_key())?;
        let seen = record
            .as_ref()
            .map_or((0, 0), |it| (it.version, it.due_at_ms));
        if let Some(paused) = record.filter(|it| it.state == PAUSED) {
            self.seen_version.set(paused.version);
            return Ok(Err(word_of(&decide::detail_of(&paused), "reason")));
        }
        if let Some(reason) = self.why_pause(seen, now_ms)? {
            self.note(PAUSED, &reason)?;
            return Ok(Err(reason));
        }
        if now_ms.saturating_sub(seen.1) >= NOTED_EVERY_MS {
            self.note(RELAY, "")?;
        } else {
            self.seen_version.set(seen.0);
        }
        Ok(Ok(()))
    }

    fn why_pause(
        &self,
        (version, seen_ms): (i64, i64),
        now_ms: i64,
    ) -> Result<Option<String>, StoreError> {
        if version < self.seen_version.get() {
            return Ok(Some(
                "the store is older than it was: it was restored, or replaced; items in it may \
                 have been sent already"
                    .to_owned(),
            ));
        }
        let away_ms = i64::try_from(self.options.away.as_millis()).unwrap_or(i64::MAX);
        let horizon_ms = now_ms.saturating_sub(away_ms);
        if seen_ms > horizon_ms {
            return Ok(None);
        }
        let left = Query {
            states: UNSENT,
            scope: Some(&self.connection),
            due_until_ms: Some(horizon_ms),
            limit: 1,
            ..Query::default()
        };
        let left = self.store.find(Kind::Outbox, &left)?;
        Ok((!left.is_empty()).then(|| {
            let since = if seen_ms == 0 {
                "has never run here".to_owned()
            } else {
                let hours = now_ms.saturating_sub(seen_ms) / 3_600_000;
                format!("was last here {hours} h ago")
            };
            format!(
                "the relay {since}, and items from before were not sent: if the store was restored \
                 from a backup, they may have been sent already"
            )
        }))
    }

    fn note(&self, state: &str, reason: &str) -> Result<(), StoreError> {
        let now_ms = self.store.now_ms()?;
        let mut detail = Map::new();
        detail.insert("reason".to_owned(), Value::from(reason));
        let key = self.relay_key();
        let record = Record {
            detail: decide::text_of(detail),
            ..Record::new(key, &self.connection, "relay", state, now_ms)
        };
        for _ in 0..RACES_AT_MOST {
            let version = match self.store.read(Kind::Outbox, &key)? {
                None if self.store.insert(Kind::Outbox, &record)? => 1,
                Some(stored) if self.store.replace(Kind::Outbox, &record, stored.version)? => {
                    stored.version.saturating_add(1)
                }
                _ => continue,
            };
            self.seen_version.set(version);
            return Ok(());
        }
        Err(StoreError::lost_race())
    }

    fn relay_key(&self) -> Key {
        Key::of(&[b"relay", self.connection.as_bytes()])
    }
}
