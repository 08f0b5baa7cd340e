//! What the outbox tells: plain data, and why a write-through failed.

use super::{BLOCKED, DEAD, DONE, Outbox, PENDING, Query, SKIPPED, word_of};
use crate::http::{Answer, CallError};
use crate::idempotency::decide::{self, CLAIMED};
use crate::store::{Kind, Record, StoreError};

/// How many writes stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Waiting to be sent.
    pub pending: i64,
    /// Waiting behind another one of their key.
    pub blocked: i64,
    /// Being sent, or of a worker that died.
    pub claimed: i64,
    /// Sent.
    pub done: i64,
    /// Given up.
    pub dead: i64,
    /// For how long the oldest pending write has been due, milliseconds.
    pub oldest_pending_age_ms: i64,
    /// Why the relay does not send.
    pub paused: Option<String>,
}

/// A write that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadWrite {
    /// The item.
    pub id: String,
    /// Its verb.
    pub method: String,
    /// Its target, without a query.
    pub target: String,
    /// What it is ordered by, or empty.
    pub order: String,
    /// Attempts that were made.
    pub attempts: i64,
    /// The last failure.
    pub error: String,
    /// When it was given up, Unix milliseconds.
    pub updated_at_ms: i64,
}

/// Why a write-through gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The store failed, or the same id is at work or was given up.
    #[error("{0}")]
    Store(StoreError),
    /// The call failed.
    #[error("{0}")]
    Call(CallError),
    /// The vendor refused it, with this answer.
    #[error("the vendor answered {}", .0.status)]
    Refused(Box<Answer>),
}

impl From<StoreError> for OutboxError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Outbox {
    /// How many writes stand where.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&self) -> Result<OutboxCounts, StoreError> {
        let mut counts = OutboxCounts {
            paused: self.paused()?,
            ..OutboxCounts::default()
        };
        let now_ms = self.store.now_ms()?;
        for row in self.store.counts(Kind::Outbox)? {
            if row.scope != self.connection {
                continue;
            }
            match row.state.as_str() {
                PENDING => {
                    counts.pending = row.count;
                    let age_ms = now_ms.saturating_sub(row.oldest_due_at_ms);
                    counts.oldest_pending_age_ms = age_ms.max(0);
                }
                BLOCKED | SKIPPED => counts.blocked += row.count,
                CLAIMED => counts.claimed = row.count,
                DONE => counts.done = row.count,
                DEAD => counts.dead = row.count,
                _ => {}
            }
        }
        Ok(counts)
    }

    /// The writes that were given up, the longest dead first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn dead_letters(&self, limit: usize) -> Result<Vec<DeadWrite>, StoreError> {
        let query = Query {
            states: &[DEAD],
            scope: Some(&self.connection),
            limit,
            ..Query::default()
        };
        let dead = self.store.find(Kind::Outbox, &query)?;
        Ok(dead.into_iter().map(letter).collect())
    }
}

fn letter(item: Record) -> DeadWrite {
    let detail = decide::detail_of(&item);
    DeadWrite {
        method: word_of(&detail, "method"),
        target: word_of(&detail, "target"),
        order: word_of(&detail, "order"),
        error: word_of(&detail, "error"),
        id: item.label,
        attempts: item.attempts,
        updated_at_ms: item.updated_at_ms,
    }
}
