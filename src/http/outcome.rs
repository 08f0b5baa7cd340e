//! How an attempt ended, and what that means to each policy.
//!
//! For the breaker: 5xx, 408, 429, time-outs and broken or refused connections are failures of the
//! vendor, an ill identity provider too, for without it there is no call; every other answer is a
//! success; what never left us, or was stopped by the caller, counts for nothing. For the retry:
//! what may pass, by kind; the rule itself is in `policy::retry`.

use std::time::Duration;

use super::failure::{Failure, FailureKind};
use super::transport::Received;
use crate::clock;
use crate::policy::{breaker, rate_limit, retry};

/// How an attempt ended.
pub(super) type Outcome = Result<Received, Failure>;

/// How long an answer asks to be left alone: by `Retry-After`, or until its limit is reset.
pub(super) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    rate_limit::asked(headers, clock::unix())
}

/// As the retry's rule sees it.
pub(super) fn for_retry(outcome: &Outcome) -> retry::Outcome {
    match outcome.as_ref().map_err(|failure| failure.kind) {
        Ok(answer) => retry::Outcome::Status(answer.head.status.as_u16()),
        Err(FailureKind::Connect | FailureKind::Auth { transient: true }) => {
            retry::Outcome::Failed(retry::TransportError::Connect)
        }
        Err(FailureKind::Network) => retry::Outcome::Failed(retry::TransportError::Network),
        Err(FailureKind::Timeout) => retry::Outcome::Failed(retry::TransportError::Timeout),
        Err(
            FailureKind::Limit
            | FailureKind::Setup
            | FailureKind::AddressRefused
            | FailureKind::Auth { transient: false }
            | FailureKind::Interrupted
            | FailureKind::Paused
            | FailureKind::BadRequest
            | FailureKind::Stray,
        ) => retry::Outcome::Permanent,
    }
}

/// As the breaker counts it.
pub(super) fn for_breaker(outcome: &Outcome) -> breaker::Outcome {
    match outcome.as_ref().map_err(|failure| failure.kind) {
        Ok(answer) if answer.head.status.is_server_error() => breaker::Outcome::Failure,
        Ok(answer) if matches!(answer.head.status.as_u16(), 408 | 429) => breaker::Outcome::Failure,
        Ok(_) => breaker::Outcome::Success,
        Err(
            FailureKind::Connect
            | FailureKind::Network
            | FailureKind::Timeout
            | FailureKind::Auth { transient: true },
        ) => breaker::Outcome::Failure,
        Err(
            FailureKind::Limit
            | FailureKind::Setup
            | FailureKind::AddressRefused
            | FailureKind::Auth { transient: false }
            | FailureKind::Interrupted
            | FailureKind::Paused
            | FailureKind::BadRequest
            | FailureKind::Stray,
        ) => breaker::Outcome::Ignored,
    }
}

#[cfg(test)]
mod tests;
