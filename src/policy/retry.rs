//! Whether a failed attempt is followed by another, and when.
//!
//! A retry must be safe and useful. Safe: the method is idempotent (RFC 9110, section 9.2.2), or
//! the request carries an idempotency key, or it surely was not sent. Useful: the failure may
//! pass (no connection, a broken one, no answer in time, or a status that says "later"), attempts
//! are left, and the wait leaves the deadline room for one. A `Retry-After` is obeyed: the wait
//! is never shorter, and one beyond the deadline ends the call at once with the time to come
//! back, in place of an attempt that the vendor said it would refuse.
//!
//! With an idempotency key two statuses have the meaning that
//! draft-ietf-httpapi-idempotency-key-header section 2.7 gives them: 409 says that the request with
//! this key is still being worked on, so a later attempt gets its answer; 422 that the key was used
//! for another request, which no attempt changes.
//!
//! The streak of failures and the token of the retry budget are looked at by the caller, after
//! [`decide`] has said yes: a refused retry must not cost a token. No state.

use std::{ops::RangeInclusive, time::Duration};

use http::Method;

use super::{Sent, backoff, budget, deadline, retry_after};

/// Statuses that a later attempt may turn into an answer.
pub const STATUSES_DEFAULT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];
/// The request with this idempotency key is still being worked on.
const IN_PROGRESS: u16 = 409;
/// The idempotency key was used for another request.
const KEY_REUSED: u16 = 422;
/// Statuses that may be chosen: what is below is no failure.
pub const STATUSES: RangeInclusive<u16> = 400..=599;
/// What may go wrong without an answer, and later right: all of it is retried by default.
pub const ERRORS_DEFAULT: [TransportError; 3] = [
    TransportError::Connect,
    TransportError::Network,
    TransportError::Timeout,
];

/// An attempt that ended without an answer, by what may be retried of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No connection came about, or no token could be had.
    Connect,
    /// The connection broke.
    Network,
    /// The attempt's time ran out.
    Timeout,
}

impl TransportError {
    /// All of them by the name that options give.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("connect", Self::Connect),
        ("network", Self::Network),
        ("timeout", Self::Timeout),
    ];
}

/// What is retried, how often, and how far apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Attempts of one call, the first included; 1 switches retries off.
    pub max_attempts: u32,
    /// The waits between them.
    pub backoff: backoff::Options,
    /// What retries may add to the load; `None` for no bound but the attempts.
    pub budget: Option<budget::Options>,
    /// Statuses that are retried.
    pub statuses: Vec<u16>,
    /// Errors that are retried.
    pub errors: Vec<TransportError>,
    /// A vendor that asks for more than a call has left is left alone for so long at most.
    pub max_hold: Duration,
}

impl Default for Options {
    /// Three attempts, the default waits, budget and statuses.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: backoff::Options::default(),
            budget: Some(budget::Options::default()),
            statuses: STATUSES_DEFAULT.to_vec(),
            errors: ERRORS_DEFAULT.to_vec(),
            max_hold: retry_after::HOLD_MAX,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The vendor answered with this status.
    Status(u16),
    /// There was no answer.
    Failed(TransportError),
    /// It failed in a way that would repeat: refused address, too large an answer, no token.
    Permanent,
}

/// A failed attempt and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the vendor may have seen it.
    pub sent: Sent,
    /// Whether doing it twice is doing it once: [`is_idempotent`].
    pub method_is_idempotent: bool,
    /// Whether it carries an idempotency key.
    pub has_key: bool,
    /// The wait before it; `None` for the first.
    pub waited: Option<Duration>,
    /// What the vendor asked for.
    pub retry_after: Option<Duration>,
    /// What the call's deadline leaves.
    pub remaining: Duration,
    /// At least 0 and below 1.
    pub random: f64,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Another attempt, after so long.
    Retry {
        /// The wait before it.
        after: Duration,
    },
    /// The call ends with what it has.
    GiveUp {
        /// Why.
        reason: GiveUp,
    },
}

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// It would end the same way again.
    NotRetryable,
    /// The vendor may have done it already, and doing it twice is not doing it once.
    NotSafe,
    /// No attempts are left.
    Attempts,
    /// The deadline leaves no room.
    Deadline,
    /// The vendor said when to come back, and that is beyond the deadline.
    ComeBack {
        /// When.
        after: Duration,
    },
}

/// Whether a method's effect does not grow with repetition (RFC 9110, section 9.2.2).
pub fn is_idempotent(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::PUT,
        Method::DELETE,
    ]
    .contains(method)
}

/// The rule.
pub fn decide(options: &Options, attempt: &Attempt) -> RetryDecision {
    match wait_before_next(options, attempt) {
        Ok(after) => RetryDecision::Retry { after },
        Err(reason) => RetryDecision::GiveUp { reason },
    }
}

fn wait_before_next(options: &Options, attempt: &Attempt) -> Result<Duration, GiveUp> {
    if !may_pass(options, attempt.outcome, attempt.has_key) {
        return Err(GiveUp::NotRetryable);
    }
    // Before the count of attempts: whoever calls next must know when to come back.
    if let Some(after) = attempt
        .retry_after
        .filter(|after| !deadline::leaves_room(*after, attempt.remaining))
    {
        return Err(GiveUp::ComeBack { after });
    }
    if attempt.number >= options.max_attempts {
        return Err(GiveUp::Attempts);
    }
    if !is_safe(attempt) {
        return Err(GiveUp::NotSafe);
    }
    let drawn = backoff::delay(
        &options.backoff,
        attempt.number,
        attempt.waited,
        attempt.random,
    );
    let wait = attempt.retry_after.map_or(drawn, |asked| asked.max(drawn));
    if deadline::leaves_room(wait, attempt.remaining) {
        Ok(wait)
    } else {
        Err(GiveUp::Deadline)
    }
}

/// Whether a later attempt may come to another end.
pub fn may_pass(options: &Options, outcome: Outcome, has_key: bool) -> bool {
    match outcome {
        Outcome::Status(IN_PROGRESS) if has_key => true,
        Outcome::Status(KEY_REUSED) if has_key => false,
        Outcome::Status(status) => options.statuses.contains(&status),
        Outcome::Failed(error) => options.errors.contains(&error),
        Outcome::Permanent => false,
    }
}

fn is_safe(attempt: &Attempt) -> bool {
    match attempt.sent {
        Sent::No => true,
        Sent::Maybe | Sent::Yes => attempt.method_is_idempotent || attempt.has_key,
    }
}

#[cfg(test)]
mod tests;
