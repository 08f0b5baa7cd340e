//! What the ledger tells: plain data, and how it is counted.

use std::collections::BTreeMap;

use super::{CLAIMED, CONFLICT, DEAD, DONE, Ledger, PENDING, word_of};
use crate::idempotency::decide;
use crate::store::{Kind, Query, Record, StoreError};

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

impl Ledger {
    /// How many events stand where.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&self, source: Option<&str>) -> Result<LedgerCounts, StoreError> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut oldest_due_at_ms = i64::MAX;
        for row in self.store.counts(Kind::Inbox)? {
            if source.is_some_and(|source| source != row.scope) {
                continue;
            }
            if row.state == PENDING {
                oldest_due_at_ms = oldest_due_at_ms.min(row.oldest_due_at_ms);
            }
            *sums.entry(row.state).or_default() += row.count;
        }
        let of = |state: &str| sums.get(state).copied().unwrap_or(0);
        let pending = of(PENDING);
        let age_ms = self.store.now_ms()?.saturating_sub(oldest_due_at_ms).max(0);
        Ok(LedgerCounts {
            pending,
            claimed: of(CLAIMED),
            done: of(DONE),
            dead: of(DEAD),
            conflict: of(CONFLICT),
            oldest_pending_age_ms: if pending > 0 { age_ms } else { 0 },
        })
    }

    /// The events that were given up, the longest dead first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn dead_letters(
        &self,
        source: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let query = Query {
            states: &[DEAD],
            scope: source,
            limit,
            ..Query::default()
        };
        let letter = |record: Record| DeadLetter {
            error: word_of(&decide::detail_of(&record), "error"),
            source: record.scope,
            event_id: record.label,
            attempts: record.attempts,
            updated_at_ms: record.updated_at_ms,
        };
        Ok(self
            .store
            .find(Kind::Inbox, &query)?
            .into_iter()
            .map(letter)
            .collect())
    }
}
