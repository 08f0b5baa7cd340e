//! Why a call gave no usable answer, and what is known about it.

use std::time::Duration;

use super::Answer;
pub use crate::policy::Sent;

/// What went wrong, by what the caller can do about it.
#[derive(Clone, Debug)]
pub enum CallErrorKind {
    /// No connection: refused, unreachable, unknown name, TLS.
    Connect,
    /// The connection broke after the request may have been sent.
    Network,
    /// An attempt's or the total time ran out.
    Timeout,
    /// The vendor answered 400 or above.
    Status(Box<Answer>),
    /// The breaker is open.
    BreakerOpen,
    /// The connection is switched off.
    Paused,
    /// The vendor said when to come back, beyond this call's deadline.
    Throttled,
    /// No token could be had.
    Auth,
    /// The target's address is not allowed for this connection.
    AddressRefused,
    /// A cap was exceeded.
    Limit,
    /// The caller stopped waiting.
    Interrupted,
    /// The request itself cannot be sent: malformed target or field.
    BadRequest,
    /// A test's fake has no rule for it: the test is wrong, or what it tests.
    Stray,
}

/// A failed call: the kind, and the facts beside it. Never holds a secret or a body's text.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{connection}: {message}")]
pub struct CallError {
    /// What went wrong.
    pub kind: CallErrorKind,
    /// The connection's name.
    pub connection: String,
    /// What happened, for a log.
    pub message: String,
    /// Whether the vendor may have seen it.
    pub sent: Sent,
    /// Attempts that were made.
    pub attempts: u32,
    /// Time spent.
    pub elapsed: Duration,
    /// The last status, where there was one.
    pub status: Option<u16>,
    /// When to come back, where it is known.
    pub retry_after: Option<Duration>,
    /// What was sent as `X-Correlation-Id`.
    pub correlation_id: String,
}
