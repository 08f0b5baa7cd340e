//! The ledger: one row for each (source, event id), so that an effect happens once.
//!
//! This file reads and writes; what follows from what is read is decided in
//! [`decide`](super::decide). Each operation begins with one conditional write or ends with a
//! compare-and-replace on the row's version, and repeats a bounded number of times when another
//! worker was first. It holds no lock and no transaction while foreign code runs.
//!
//! Inside a caller's transaction ([`Store::atomically`], an application's own database through
//! `Causeway\Store`) everything here takes part in it: what was recorded, claimed, completed or
//! failed holds with its commit, and never was with its rollback. Others see a claim only then; who
//! claims the same event meanwhile waits (MariaDB, PostgreSQL, SQLite) or is first, and the commit
//! fails (Redis). So a claim is better made before the transaction that completes it.
//!
//! Leases run on the store's clock. Losing the store loses the memory of what was done.

mod options;
mod report;
mod upkeep;

use serde_json::{Map, Value};
use std::rc::Rc;

use super::catch_up::CatchUp;
use super::decide::{self, CLAIMED, CONFLICT, ClaimDecision, DEAD, DONE, PENDING};
use super::{Claim, ClaimStatus, LedgerError};
use crate::store::{
    CallbackError, Key, Kind, Query, Record, Store, StoreError, StoreErrorKind, checksum_of,
};
pub use options::LedgerOptions;
pub use report::{DeadLetter, LedgerCounts, Recorded};

/// How often an operation reads again when another worker was first.
pub(super) const RACES_AT_MOST: usize = 8;

/// The record of what was done.
#[derive(Clone)]
pub struct Ledger {
    store: Rc<dyn Store>,
    options: Rc<LedgerOptions>,
    catch_up: Rc<CatchUp>,
}

impl Ledger {
    /// A ledger on this store.
    pub fn new(store: Rc<dyn Store>, options: LedgerOptions) -> Self {
        Self {
            store,
            options: Rc::new(options),
            catch_up: Rc::default(),
        }
    }

    /// Where its rows are.
    pub fn store(&self) -> &Rc<dyn Store> {
        &self.store
    }

    /// How it holds claims.
    pub fn options(&self) -> &LedgerOptions {
        &self.options
    }

    /// Records an event without claiming it.
    ///
    /// # Errors
    /// When the source or the id is empty, or the store failed: then nothing was recorded.
    pub fn record(
        &self,
        source: &str,
        event_id: &str,
        payload: &[u8],
    ) -> Result<Recorded, LedgerError> {
        Ok(self.record_with(source, event_id, payload, None, Map::new())?)
    }

    /// The row of an event, as it stands.
    pub(super) fn read(&self, source: &str, event_id: &str) -> Result<Option<Record>, StoreError> {
        self.store.read(Kind::Inbox, &key_of(source, event_id))
    }

    /// The same, with what else is known about the event. `kept` are the bytes to keep in place of
    /// the payload, which it is known again by.
    pub(super) fn record_with(
        &self,
        source: &str,
        event_id: &str,
        payload: &[u8],
        kept: Option<&[u8]>,
        detail: Map<String, Value>,
    ) -> Result<Recorded, StoreError> {
        let mut fresh = self.fresh_record(source, event_id, payload)?;
        if let Some(kept) = kept {
            fresh.payload = Some(kept.to_vec());
        }
        fresh.detail = decide::text_of(detail);
        for _ in 0..RACES_AT_MOST {
            if self.store.insert(Kind::Inbox, &fresh)? {
                return Ok(Recorded::Recorded);
            }
            match self.store.read(Kind::Inbox, &fresh.key)? {
                Some(known) if known.checksum == fresh.checksum => return Ok(Recorded::Duplicate),
                Some(_) => return self.keep_conflict(fresh),
                // Purged between the two: it is new again.
                None => {}
            }
        }
        Err(StoreError::lost_race())
    }

    /// Claims an event, recording it first when it is new.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub fn claim(
        &self,
        source: &str,
        event_id: &str,
        payload: &[u8],
    ) -> Result<Claim, LedgerError> {
        let fresh = self.fresh_record(source, event_id, payload)?;
        let first = Record {
            payload: fresh.payload.clone(),
            ..decide::held(&fresh, fresh.created_at_ms, &self.options)
        };
        for _ in 0..RACES_AT_MOST {
            if self.store.insert(Kind::Inbox, &first)? {
                return Ok(self.claim_of(first, ClaimStatus::Won));
            }
            let Some(known) = self.store.read(Kind::Inbox, &fresh.key)? else {
                continue;
            };
            if let Some(claim) = self.try_claim(known, Some(&fresh.checksum))? {
                if claim.status() == ClaimStatus::Conflict {
                    self.keep_conflict(fresh)?;
                }
                return Ok(claim);
            }
        }
        Err(StoreError::lost_race().into())
    }

    /// Claims up to `limit` events that are due, the longest due first: one look and one write for
    /// each event, in one transaction where the store has them.
    ///
    /// # Errors
    /// When the store failed; claims that were won before are given up to their leases.
    pub fn claim_due(&self, limit: usize, source: Option<&str>) -> Result<Vec<Claim>, LedgerError> {
        let mut won = Vec::new();
        for _ in 0..RACES_AT_MOST {
            let wanted = limit.saturating_sub(won.len());
            if wanted == 0 {
                break;
            }
            let now_ms = self.store.now_ms()?;
            let (store, of_all) = (self.store.as_ref(), (Kind::Inbox, None));
            self.catch_up.look(store, of_all, &self.options, now_ms)?;
            let query = Query {
                states: &[PENDING, CLAIMED],
                scope: source,
                due_until_ms: Some(now_ms),
                limit: wanted,
                with_payload: true,
                ..Query::default()
            };
            let mut found = 0_usize;
            let mut decide = |known: &Record| {
                found += 1;
                match decide::claim(known, None, now_ms, &self.options) {
                    ClaimDecision::Win(next) | ClaimDecision::GiveUp(next) => Some(next),
                    ClaimDecision::InProgress
                    | ClaimDecision::Done
                    | ClaimDecision::Dead
                    | ClaimDecision::Conflict => None,
                }
            };
            let replaced = self.store.replace_found(Kind::Inbox, &query, &mut decide)?;
            won.extend(
                replaced
                    .into_iter()
                    .filter(|(_, next)| next.state == CLAIMED)
                    .map(|(known, next)| self.held_claim(known, next)),
            );
            // Fewer than were asked for: there are no more.
            if found < wanted {
                break;
            }
        }
        Ok(won)
    }

    /// Runs the handler once for the event: at least once in general, exactly once where it
    /// completes the claim in the store's own transaction. A duplicate gets the recorded outcome.
    ///
    /// # Errors
    /// The refusals of a claim; the handler's own error, which was recorded as a failure; a lost
    /// lease; the store's error.
    pub fn run(
        &self,
        source: &str,
        event_id: &str,
        payload: &[u8],
        handler: &mut dyn FnMut(&Rc<Claim>) -> Result<Value, CallbackError>,
    ) -> Result<Value, LedgerError> {
        let claim = Rc::new(self.claim(source, event_id, payload)?);
        let (source_name, event_id) = (source.to_owned(), event_id.to_owned());
        match claim.status() {
            ClaimStatus::Won => {}
            ClaimStatus::Done => return Ok(claim.outcome()),
            ClaimStatus::InProgress => {
                return Err(LedgerError::InProgress {
                    source_name,
                    event_id,
                });
            }
            ClaimStatus::Conflict => {
                return Err(LedgerError::Conflict {
                    source_name,
                    event_id,
                });
            }
            ClaimStatus::Dead => {
                return Err(LedgerError::DeadLetter {
                    source_name,
                    event_id,
                });
            }
        }
        match handler(&claim) {
            Ok(outcome) => claim.settle(&outcome),
            Err(error) => {
                // Where even this cannot be written, the lease's end says it: the handler's own
                // error is what the caller must hear.
                let _ = claim.fail(&error.message);
                Err(LedgerError::Callback(error))
            }
        }
    }

    /// Decides on a row that is there; `None` when another worker was first.
    fn try_claim(
        &self,
        known: Record,
        checksum: Option<&str>,
    ) -> Result<Option<Claim>, StoreError> {
        let now_ms = self.store.now_ms()?;
        let version = known.version;
        let (next, status) = match decide::claim(&known, checksum, now_ms, &self.options) {
            ClaimDecision::Win(next) => (Some(next), ClaimStatus::Won),
            ClaimDecision::GiveUp(next) => (Some(next), ClaimStatus::Dead),
            ClaimDecision::InProgress => (None, ClaimStatus::InProgress),
            ClaimDecision::Done => (None, ClaimStatus::Done),
            ClaimDecision::Dead => (None, ClaimStatus::Dead),
            ClaimDecision::Conflict => (None, ClaimStatus::Conflict),
        };
        let Some(next) = next else {
            return Ok(Some(self.claim_of(known, status)));
        };
        if !self.store.replace(Kind::Inbox, &next, version)? {
            return Ok(None);
        }
        Ok(Some(match status {
            ClaimStatus::Won => self.held_claim(known, next),
            ClaimStatus::InProgress
            | ClaimStatus::Done
            | ClaimStatus::Conflict
            | ClaimStatus::Dead => self.claim_of(next, status),
        }))
    }

    /// A claim that was won: the row as it is now, with the payload that was found.
    fn held_claim(&self, known: Record, next: Record) -> Claim {
        let held = Record {
            version: known.version.saturating_add(1),
            payload: known.payload,
            ..next
        };
        self.claim_of(held, ClaimStatus::Won)
    }

    fn claim_of(&self, record: Record, status: ClaimStatus) -> Claim {
        Claim::new(self.store.clone(), self.options.clone(), record, status)
    }

    /// Keeps an event that came again with another payload, in a row of its own.
    fn keep_conflict(&self, event: Record) -> Result<Recorded, StoreError> {
        let parts: [&[u8]; 4] = [
            b"conflict",
            event.scope.as_bytes(),
            event.label.as_bytes(),
            event.checksum.as_bytes(),
        ];
        let row = Record {
            key: Key::of(&parts),
            state: CONFLICT.to_owned(),
            ..event
        };
        self.store.insert(Kind::Inbox, &row)?;
        Ok(Recorded::Conflict)
    }

    fn fresh_record(
        &self,
        source: &str,
        event_id: &str,
        payload: &[u8],
    ) -> Result<Record, StoreError> {
        if source.is_empty() || event_id.is_empty() {
            let what = "an event needs a source and an id that are not empty";
            return Err(StoreError::new(StoreErrorKind::Misuse, what));
        }
        let now_ms = self.store.now_ms()?;
        Ok(Record {
            checksum: checksum_of(payload),
            payload: Some(payload.to_vec()),
            ..Record::new(key_of(source, event_id), source, event_id, PENDING, now_ms)
        })
    }
}

/// The row of an event.
fn key_of(source: &str, event_id: &str) -> Key {
    Key::of(&[b"event", source.as_bytes(), event_id.as_bytes()])
}

/// A word of a detail, empty where there is none.
pub(super) fn word_of(detail: &Map<String, Value>, name: &str) -> String {
    detail
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
pub(crate) mod tests;
