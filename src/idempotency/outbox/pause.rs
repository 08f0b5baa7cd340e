//! Whether the relay may send: a record of when it was last there, and why it is paused.
//!
//! A store that was restored from a backup holds items that were sent since: sending them again
//! would be a second time that nobody asked for. Three things give it away, and then the relay
//! pauses and says why; [`Outbox::resume`] sends what is there.
//!
//! - The record's version went back, which this process, or a mark outside the store, has seen
//!   (`mark.rs`).
//! - The store is another file than it was, as a copy is. A copy on a new host is a restore too.
//! - The record is old: a relay that was away for longer than [`OutboxOptions::away`] does not
//!   send what is left from before, whatever store it is.

use serde_json::{Map, Value};

use super::mark::Finding;
use super::{Outbox, UNSENT, millis};
use crate::clock;
use crate::idempotency::decide;
use crate::idempotency::ledger::{RACES_AT_MOST, word_of};
use crate::store::{Key, Kind, Query, Record, StoreError};
use crate::testing::failpoint;

/// The state of the relay's record while it sends.
const RELAY: &str = "relay";
/// The state of the relay's record while it does not.
const PAUSED: &str = "relay_paused";
/// How often the relay notes that it is there.
const NOTED_EVERY_MS: i64 = 60_000;
/// How often it does so while it sends: a backup that is older than this is known by it.
const BUSY_NOTED_EVERY_MS: i64 = 1_000;
/// In the record's detail: a mark is kept beside the store.
const IS_MARKED: &str = "marked";

/// What the end of a reason says.
const MAYBE_SENT: &str = "items in it may have been sent already";

impl Outbox {
    /// Why the relay does not send; `None` where it does.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn paused(&self) -> Result<Option<String>, StoreError> {
        Ok(self.relay()?.and_then(|record| reason_of(&record)))
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

    /// Looks whether the relay may send now, and notes that it was here. When it was noted last, or
    /// why it may not.
    pub(super) fn may_send(&self, now_ms: i64) -> Result<Result<i64, String>, StoreError> {
        let record = self.relay()?;
        if let Some((paused, reason)) = record
            .as_ref()
            .and_then(|it| reason_of(it).map(|reason| (it, reason)))
        {
            self.seen_version.set(paused.version);
            return Ok(Err(reason));
        }
        let found = self.find_against(record.as_ref())?;
        let (version, noted_at_ms) = record.map_or((0, 0), |it| (it.version, it.due_at_ms));
        if let Some(reason) = self.why_pause(found, version, noted_at_ms, now_ms)? {
            self.note(PAUSED, &reason)?;
            return Ok(Err(reason));
        }
        self.seen_at.set(Some(clock::monotonic()));
        // A copy with nothing to send is from now on what the mark says. A note of a clock that was
        // set back since is as old as one of long ago.
        let age_ms = now_ms.saturating_sub(noted_at_ms).saturating_abs();
        if found != Finding::Same || age_ms >= NOTED_EVERY_MS {
            self.note(RELAY, "")?;
            return Ok(Ok(now_ms));
        }
        self.seen_version.set(version);
        Ok(Ok(noted_at_ms))
    }

    /// Notes that the relay sends, where it was noted a while ago: in an older store the record is
    /// older than that.
    pub(super) fn note_sending(&self, noted_at_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        let age_ms = now_ms.saturating_sub(noted_at_ms).saturating_abs();
        if age_ms < BUSY_NOTED_EVERY_MS {
            return Ok(());
        }
        self.note(RELAY, "")
    }

    fn why_pause(
        &self,
        found: Finding,
        version: i64,
        noted_at_ms: i64,
        now_ms: i64,
    ) -> Result<Option<String>, StoreError> {
        if version < self.seen_version.get() || found == Finding::Older {
            return Ok(Some(format!(
                "the store is older than it was: it was restored, or replaced; {MAYBE_SENT}"
            )));
        }
        if matches!(found, Finding::Copied | Finding::Unmarked) && self.has_unsent(i64::MAX)? {
            return Ok(Some(format!(
                "the store, or its mark, is another file than it was: it was restored or copied; \
                 {MAYBE_SENT}"
            )));
        }
        let horizon_ms = now_ms.saturating_sub(millis(self.options.away));
        if noted_at_ms > horizon_ms || self.was_here() || !self.has_unsent(horizon_ms)? {
            return Ok(None);
        }
        let since = if noted_at_ms == 0 {
            "has never run here".to_owned()
        } else {
            let hours = now_ms.saturating_sub(noted_at_ms) / 3_600_000;
            format!("was last here {hours} h ago")
        };
        Ok(Some(format!(
            "the relay {since}, and items from before were not sent: if the store was restored \
             from a backup, they may have been sent already"
        )))
    }

    /// What the mark outside the store says about the relay's record.
    fn find_against(&self, record: Option<&Record>) -> Result<Finding, StoreError> {
        let (Some(marks), Some(record)) = (&self.marks, record) else {
            return Ok(Finding::Same);
        };
        match marks.look(record, is_marked(record))? {
            // Another worker may have gone on between the two looks.
            Finding::Older => match self.relay()? {
                Some(record) => marks.look(&record, is_marked(&record)),
                None => Ok(Finding::Older),
            },
            found @ (Finding::Same | Finding::Copied | Finding::Unmarked) => Ok(found),
        }
    }

    /// Whether this very process saw the relay's record less than `away` ago: then it is the clock
    /// that was set on.
    fn was_here(&self) -> bool {
        let seen_at = self.seen_at.get();
        seen_at.is_some_and(|at| clock::monotonic().since(at) < self.options.away)
    }

    /// Whether something waits to be sent that was due by then.
    fn has_unsent(&self, until_ms: i64) -> Result<bool, StoreError> {
        let left = Query {
            states: UNSENT,
            scope: Some(&self.connection),
            due_until_ms: Some(until_ms),
            limit: 1,
            ..Query::default()
        };
        Ok(!self.store.find(Kind::Outbox, &left)?.is_empty())
    }

    fn note(&self, state: &str, reason: &str) -> Result<(), StoreError> {
        let now_ms = self.store.now_ms()?;
        let is_beside = self.marks.as_ref().is_some_and(|it| it.is_beside());
        let mut detail = Map::new();
        detail.insert("reason".to_owned(), Value::from(reason));
        detail.insert(IS_MARKED.to_owned(), Value::from(is_beside));
        let key = self.relay_key();
        let record = Record {
            detail: decide::text_of(detail),
            ..Record::new(key, &self.connection, "relay", state, now_ms)
        };
        for _ in 0..RACES_AT_MOST {
            let stored = self.store.read(Kind::Outbox, &key)?;
            let before = stored.as_ref().unwrap_or(&record);
            // A record that says so must have one, whatever fails next.
            if let Some(marks) = self.marks.as_ref().filter(|it| !it.has(before)) {
                marks.set(before, before.version)?;
            }
            let version = match &stored {
                None if self.store.insert(Kind::Outbox, &record)? => record.version,
                Some(it) if self.store.replace(Kind::Outbox, &record, it.version)? => {
                    it.version.saturating_add(1)
                }
                None | Some(_) => continue,
            };
            self.seen_version.set(version);
            failpoint::hit("outbox.noted", false)?;
            return match &self.marks {
                Some(marks) => marks.set(before, version),
                None => Ok(()),
            };
        }
        Err(StoreError::lost_race())
    }

    fn relay(&self) -> Result<Option<Record>, StoreError> {
        self.store.read(Kind::Outbox, &self.relay_key())
    }

    fn relay_key(&self) -> Key {
        Key::of(&[b"relay", self.connection.as_bytes()])
    }
}

fn reason_of(record: &Record) -> Option<String> {
    (record.state == PAUSED).then(|| word_of(&decide::detail_of(record), "reason"))
}

fn is_marked(record: &Record) -> bool {
    let detail = decide::detail_of(record);
    detail.get(IS_MARKED).and_then(Value::as_bool) == Some(true)
}
