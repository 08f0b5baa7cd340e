//! An event of the inbox, and which failures of a fetch are not the event's own. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::http::{CallError, CallErrorKind};
use crate::idempotency::Claim;
use crate::idempotency::decide::detail_of_text;
use crate::store::Record;

/// When to come back after a refusal that does not say when.
const DEFERRED: Duration = Duration::from_secs(1);

/// A verified event, as the inbox records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    /// The connection's name.
    pub source: String,
    /// The event's id.
    pub id: String,
    /// What happened, in the vendor's words.
    pub kind: Option<String>,
    /// When the sender signed it, Unix milliseconds.
    pub time_ms: Option<i64>,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// What a round of processing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processed {
    /// Done.
    pub processed: usize,
    /// Failed, and due again after a backoff.
    pub failed: usize,
    /// Given back without an attempt.
    pub deferred: usize,
    /// Given up.
    pub dead: usize,
}

/// The event as it was recorded.
pub(super) fn event_of_claim(claim: &Claim, payload: Vec<u8>) -> InboxEvent {
    let detail = detail_of_text(claim.detail());
    InboxEvent {
        source: claim.source().to_owned(),
        id: claim.event_id().to_owned(),
        kind: detail
            .get("type")
            .and_then(Value::as_str)
            .map(str::to_owned),
        time_ms: detail.get("time_ms").and_then(Value::as_i64),
        payload,
    }
}

/// An event as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// Its id.
    pub id: String,
    /// Where it stands: pending, claimed, done, dead.
    pub state: String,
    /// What happened, in the vendor's words.
    pub kind: Option<String>,
    /// When the sender signed it, Unix milliseconds.
    pub time_ms: Option<i64>,
    /// When it came, Unix milliseconds of the store's clock.
    pub received_at_ms: i64,
    /// When it was last written, Unix milliseconds.
    pub updated_at_ms: i64,
    /// Attempts that were begun.
    pub attempts: i64,
    /// The last failure, empty where there was none.
    pub error: String,
    /// The payload, with its redacted fields replaced.
    pub payload: String,
}

impl EventView {
    pub(super) fn of(record: Record, detail: &Map<String, Value>, payload: String) -> Self {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            id: record.label,
            state: record.state,
            kind: text("type"),
            time_ms: detail.get("time_ms").and_then(Value::as_i64),
            received_at_ms: record.created_at_ms,
            updated_at_ms: record.updated_at_ms,
            attempts: record.attempts,
            error: text("error").unwrap_or_default(),
            payload,
        }
    }
}

/// When to come back, where the connection refused the call without the vendor's having failed.
pub(in crate::idempotency) fn deferred_for(error: &CallError) -> Option<Duration> {
    match error.kind {
        CallErrorKind::BreakerOpen | CallErrorKind::Throttled | CallErrorKind::Paused => {
            Some(error.retry_after.unwrap_or(DEFERRED))
        }
        CallErrorKind::Interrupted => Some(Duration::ZERO),
        CallErrorKind::Connect
        | CallErrorKind::Network
        | CallErrorKind::Timeout
        | CallErrorKind::Status(_)
        | CallErrorKind::Auth
        | CallErrorKind::AddressRefused
        | CallErrorKind::Limit
        | CallErrorKind::BadRequest
        | CallErrorKind::Stray => None,
    }
}
