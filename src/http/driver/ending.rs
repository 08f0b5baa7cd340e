//! How a call ends: as an answer, or as an error that says what is known.

use std::time::Duration;

use super::{Call, Incoming};
use crate::clock;
use crate::http::failure::{Failure, FailureKind};
use crate::http::outcome::Outcome;
use crate::http::{Answer, CallError, CallErrorKind, Client, Sent, Stop};

/// What a call says that had no time left for an attempt.
pub(in crate::http) const OUT_OF_TIME: &str = "the call's time ran out";

impl Call<'_> {
    /// The last attempt's outcome is the call's.
    pub(super) fn end(&self, outcome: Outcome) -> Result<(Answer, Incoming), CallError> {
        let received = outcome.map_err(|failure| self.failed(failure))?;
        let mut answer = Answer {
            status: received.head.status.as_u16(),
            reason: received.head.reason,
            version: received.head.version,
            headers: received.head.headers,
            body: bytes::Bytes::new(),
            attempts: self.attempts.get(),
            elapsed: self.elapsed(),
            correlation_id: self.correlation_id.clone(),
        };
        let mut incoming = self.incoming(received.body, answer.status);
        if let Some(whole) = incoming.take_whole() {
            answer.body = whole;
        }
        Ok((answer, incoming))
    }

    /// The vendor named a time beyond the deadline: nobody calls before.
    pub(super) fn come_back(&self, outcome: &Outcome, after: Duration) -> CallError {
        let hold = after.min(self.client.plan().retry.max_hold);
        self.client
            .connection()
            .hold_until(clock::monotonic().saturating_add(hold));
        let message = format!("the vendor asked to come back in {} s", after.as_secs());
        let mut error = self.error(CallErrorKind::Throttled, Sent::Yes, message);
        error.status = outcome
            .as_ref()
            .ok()
            .map(|answer| answer.head.status.as_u16());
        error.retry_after = Some(after);
        error
    }

    pub(super) fn failed(&self, failure: Failure) -> CallError {
        let kind = failure.call_kind();
        let mut error = self.error(kind, failure.sent, failure.message);
        error.retry_after = failure.retry_after;
        error.status = failure.status;
        error
    }

    pub(super) fn error(&self, kind: CallErrorKind, sent: Sent, message: String) -> CallError {
        CallError {
            kind,
            connection: self.client.plan().name.clone(),
            message,
            sent,
            attempts: self.attempts.get(),
            elapsed: self.elapsed(),
            status: None,
            retry_after: None,
            correlation_id: self.correlation_id.clone(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        clock::monotonic().since(self.started)
    }
}

/// What the child of a fork says of a call that its parent has under way.
pub(in crate::http) fn forked(client: &Client) -> CallError {
    let message = "the process forked while the call was under way";
    of_failure(
        client,
        Failure::new(FailureKind::Interrupted, Sent::Maybe, message),
    )
}

/// The caller no longer waits for a call that may be under way.
pub(in crate::http) fn stopped_wait(client: &Client, stop: Stop) -> CallError {
    let mut failure = stopped(stop);
    failure.sent = Sent::Maybe;
    of_failure(client, failure)
}

/// A failure that is known outside of its call.
pub(in crate::http) fn of_failure(client: &Client, failure: Failure) -> CallError {
    CallError {
        kind: failure.call_kind(),
        connection: client.plan().name.clone(),
        message: failure.message,
        sent: failure.sent,
        attempts: 0,
        elapsed: Duration::ZERO,
        status: None,
        retry_after: None,
        correlation_id: String::new(),
    }
}

/// A stop as a failure; nothing was sent as far as this knows.
pub(super) fn stopped(stop: Stop) -> Failure {
    match stop {
        Stop::Interrupted => Failure::new(
            FailureKind::Interrupted,
            Sent::No,
            "the wait was interrupted",
        ),
        Stop::Paused { reason } if reason.is_empty() => {
            Failure::new(FailureKind::Paused, Sent::No, "the connection is paused")
        }
        Stop::Paused { reason } => {
            let message = format!("the connection is paused: {reason}");
            Failure::new(FailureKind::Paused, Sent::No, message)
        }
    }
}
