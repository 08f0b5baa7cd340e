//! What the ledger tells: plain data.

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
