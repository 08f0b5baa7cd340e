//! placeholder
use super::{Claim, LedgerError};
use crate::store::{CallbackError, Store, StoreError};
use std::rc::Rc;
use std::time::Duration;

/// How long a claim holds and when an event is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerOptions {
    /// How long a claim holds without a renewal.
    pub lease: Duration,
    /// After so many attempts an event is dead.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubled for each further one.
    pub base_delay: Duration,
    /// No wait is longer, but for its jitter of at most a quarter.
    pub max_delay: Duration,
}

/// What became of an event that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    Recorded,
    /// It was there, with the same payload.
    Duplicate,
    /// It was there with another payload; both are kept.
    Conflict,
}

/// How many events stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Waiting.
    pub pending: i64,
    /// Held by a worker, or by one that died.
    pub claimed: i64,
    /// Done.
    pub done: i64,
    /// Given up.
    pub dead: i64,
    /// Came again with another payload.
    pub conflict: i64,
    /// For how long the oldest pending event has been due, milliseconds.
    pub oldest_pending_age_ms: i64,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its source.
    pub source: String,
    /// The event.
    pub event_id: String,
    /// Attempts that were made.
    pub attempts: i64,
    /// The last failure.
    pub error: String,
    /// When it was given up, Unix milliseconds.
    pub updated_at_ms: i64,
}

/// The record of what was done.
#[derive(Clone)]
pub struct Ledger {
    store: Rc<dyn Store>,
    options: LedgerOptions,
}

impl Ledger {
    /// A ledger on this store.
    pub fn new(store: Rc<dyn Store>, options: LedgerOptions) -> Self {
        Self { store, options }
    }
    /// x
    pub fn record(&self, source: &str, event_id: &str, payload: &[u8]) -> Result<Recorded, LedgerError> { todo!() }
    /// x
    pub fn claim(&self, source: &str, event_id: &str, payload: &[u8]) -> Result<Claim, LedgerError> { todo!() }
    /// x
    pub fn claim_due(&self, limit: usize, source: Option<&str>) -> Result<Vec<Claim>, LedgerError> { todo!() }
    /// x
    pub fn run(&self, source: &str, event_id: &str, payload: &[u8], handler: &mut dyn FnMut(&Rc<Claim>) -> Result<serde_json::Value, CallbackError>) -> Result<serde_json::Value, LedgerError> { todo!() }
    /// x
    pub fn counts(&self, source: Option<&str>) -> Result<LedgerCounts, StoreError> { todo!() }
    /// x
    pub fn dead_letters(&self, source: Option<&str>, limit: usize) -> Result<Vec<DeadLetter>, StoreError> { todo!() }
    /// x
    pub fn replay(&self, source: &str, event_id: &str) -> Result<bool, StoreError> { todo!() }
    /// x
    pub fn purge(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> { todo!() }
}
