//! A lease on one event, with its fencing token.
//!
//! A claim is what its holder believes; the store knows. So each operation asks [`decide`] about
//! the row as the claim wrote it last, and replaces it by version; where another worker wrote
//! since, it reads the row and asks again: a worker that slept through its lease finds that its
//! token is old. A claim that is dropped without an end is given back by its lease.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use ring::hmac;
use serde_json::Value;

use super::decide::{self, DEAD, DONE, LeaseLost};
use super::ledger::RACES_AT_MOST;
use super::{LedgerError, LedgerOptions};
use crate::store::{Kind, Record, Store, StoreError};

/// What a claim found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimStatus {
    /// The event is the caller's, until the lease ends.
    Won,
    /// Another worker holds it.
    InProgress,
    /// It was done before.
    Done,
    /// The same id was recorded with another payload.
    Conflict,
    /// It was given up.
    Dead,
}

impl ClaimStatus {
    /// The word that PHP sees.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Conflict => "conflict",
            Self::Dead => "dead",
        }
    }
}

/// An event, and whether it is the caller's.
pub struct Claim {
    store: Rc<dyn Store>,
    options: Rc<LedgerOptions>,
    /// As it was when the claim was made; the token in it is the claim's own.
    record: Record,
    /// The row as this claim wrote it last, without payload: right as long as nobody else wrote.
    held: RefCell<Record>,
    status: ClaimStatus,
    outcome: Value,
}

impl Claim {
    pub(super) fn new(
        store: Rc<dyn Store>,
        options: Rc<LedgerOptions>,
        record: Record,
        status: ClaimStatus,
    ) -> Self {
        let outcome = decide::detail_of(&record)
            .remove("outcome")
            .unwrap_or(Value::Null);
        let held = RefCell::new(Record {
            payload: None,
            ..record.clone()
        });
        Self {
            store,
            options,
            record,
            held,
            status,
            outcome,
        }
    }

    /// What the claim found.
    pub fn status(&self) -> ClaimStatus {
        self.status
    }

    /// The event's source.
    pub fn source(&self) -> &str {
        &self.record.scope
    }

    /// The event's id.
    pub fn event_id(&self) -> &str {
        &self.record.label
    }

    /// The payload as it was recorded first.
    pub fn payload(&self) -> &[u8] {
        self.record.payload.as_deref().unwrap_or_default()
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> i64 {
        self.record.attempts
    }

    /// The fencing token: rises with each claim of the event.
    pub fn token(&self) -> i64 {
        self.record.token
    }

    /// Until when it is held, Unix milliseconds of the store's clock.
    pub(super) fn lease_until_ms(&self) -> i64 {
        self.held.borrow().lease_until_ms
    }

    /// The outcome of a done event; null where there is none.
    pub fn outcome(&self) -> Value {
        self.outcome.clone()
    }

    /// What else was recorded about the event, a JSON object.
    pub fn detail(&self) -> &str {
        &self.record.detail
    }

    /// A key for the handler's own calls, the same on every repeat of the step: 64 hex digits.
    pub fn key(&self, step: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.record.key.as_bytes());
        hex::encode(hmac::sign(&key, step.as_bytes()))
    }

    /// Prolongs the lease.
    ///
    /// # Errors
    /// When the lease was lost or ran out, or the store failed.
    pub fn renew(&self) -> Result<(), LedgerError> {
        let renewed =
            self.step(|record, now_ms| decide::renew(record, self.token(), now_ms, &self.options))?;
        *self.held.borrow_mut() = renewed;
        Ok(())
    }

    /// Marks done; inside [`Store::atomically`] together with the effect.
    ///
    /// # Errors
    /// When the lease was lost or ran out: the effect must be rolled back. Or the store failed.
    pub fn complete(&self, outcome: &Value) -> Result<(), LedgerError> {
        self.step(|record, now_ms| decide::complete(record, self.token(), now_ms, outcome))?;
        Ok(())
    }

    /// Records a failure; whether the event is dead now.
    ///
    /// # Errors
    /// When the lease was lost, or the store failed.
    pub fn fail(&self, error: &str) -> Result<bool, LedgerError> {
        let random = crate::clock::random_unit();
        let next = self.step(|record, now_ms| {
            decide::fail(record, self.token(), now_ms, error, &self.options, random)
        })?;
        Ok(next.state == DEAD)
    }

    /// Gives the event up at once.
    ///
    /// # Errors
    /// As [`Claim::fail`].
    pub fn bury(&self, error: &str) -> Result<(), LedgerError> {
        self.step(|record, now_ms| decide::bury(record, self.token(), now_ms, error))?;
        Ok(())
    }

    /// Gives the event back without counting the attempt.
    ///
    /// # Errors
    /// As [`Claim::fail`].
    pub fn release(&self, delay: Duration) -> Result<(), LedgerError> {
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        self.step(|record, now_ms| decide::release(record, self.token(), now_ms, delay_ms))?;
        Ok(())
    }

    /// Completes the claim unless the handler did; the outcome that is recorded then.
    pub(super) fn settle(&self, outcome: &Value) -> Result<Value, LedgerError> {
        // What the store says counts: the handler's own completion may have been rolled back.
        let stored = self.store.read(Kind::Inbox, &self.record.key)?;
        match stored {
            Some(row) if row.state == DONE && row.token == self.token() => {
                Ok(decide::detail_of(&row)
                    .remove("outcome")
                    .unwrap_or(Value::Null))
            }
            _ => self.complete(outcome).map(|()| outcome.clone()),
        }
    }

    /// Decides on the row as this claim knows it, and replaces it if it still has that version;
    /// else reads it, and decides anew. The record as it is then.
    fn step(
        &self,
        decide: impl Fn(&Record, i64) -> Result<Record, LeaseLost>,
    ) -> Result<Record, LedgerError> {
        if self.status != ClaimStatus::Won {
            return Err(self.lost());
        }
        let mut row = self.held.borrow().clone();
        for _ in 0..RACES_AT_MOST {
            let now_ms = self.store.now_ms()?;
            let next = decide(&row, now_ms).map_err(|LeaseLost| self.lost())?;
            if self.store.replace(Kind::Inbox, &next, row.version)? {
                return Ok(Record {
                    version: row.version.saturating_add(1),
                    ..next
                });
            }
            // Another worker's, or this claim's own from a transaction that was rolled back.
            row = self
                .store
                .read(Kind::Inbox, &self.record.key)?
                .ok_or_else(|| self.lost())?;
        }
        Err(StoreError::lost_race().into())
    }

    fn lost(&self) -> LedgerError {
        LedgerError::LeaseLost {
            source_name: self.source().to_owned(),
            event_id: self.event_id().to_owned(),
        }
    }
}
