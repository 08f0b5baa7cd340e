//! An answer whose content is read piece by piece: cap and deadline go on while it is read.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;

use super::{Call, OUT_OF_TIME, ending};
use crate::clock::{self, Monotonic};
use crate::http::engine;
use crate::http::failure::{Failure, FailureKind};
use crate::http::run::{self, Asks};
use crate::http::transport::Body;
use crate::http::{CallError, Client, Host, Sent};
use crate::policy::deadline::Deadline;

/// An answer's content on its way, with what an error about it must say. Belongs to the thread and
/// process that made the call; dropped early, its connection is closed.
#[derive(Debug)]
pub struct Incoming {
    /// `None` after the end, or a failure.
    body: Option<Body>,
    /// Of the process that made the call: in a child of it the socket is the parent's.
    generation: u64,
    started: Monotonic,
    deadline: Deadline,
    piece_timeout: Duration,
    attempts: u32,
    status: u16,
    correlation_id: String,
}

impl Call<'_> {
    /// For an answer whose content is here already.
    pub(super) fn incoming_of(&self, status: u16) -> Incoming {
        self.incoming(Body::of_bytes(Bytes::new()), status)
    }

    pub(super) fn incoming(&self, body: Body, status: u16) -> Incoming {
        Incoming {
            body: Some(body),
            generation: engine::generation(),
            started: self.started,
            deadline: self.deadline,
            piece_timeout: self.attempt_timeout(),
            attempts: self.attempts.get(),
            status,
            correlation_id: self.correlation_id.clone(),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_ours() {
            // Closing would unhook the socket from what the parent waits with.
            std::mem::forget(self.body.take());
        }
    }
}

impl Incoming {
    fn is_ours(&self) -> bool {
        self.generation == engine::generation()
    }

    /// All of the content, where it is here already.
    pub(super) fn take_whole(&mut self) -> Option<Bytes> {
        self.body.as_mut().and_then(Body::take_whole)
    }

    async fn piece(&mut self, asks: &Asks) -> Result<Option<Bytes>, Failure> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let timeout = self
            .deadline
            .for_attempt(self.piece_timeout, clock::monotonic())
            .ok_or_else(|| Failure::new(FailureKind::Timeout, Sent::Yes, OUT_OF_TIME))?;
        let chunk = pin!(body.chunk());
        let in_time = pin!(run::within(timeout, chunk));
        match asks.unless_stopped(in_time).await {
            Ok(Some(piece)) => piece,
            Ok(None) => {
                let message = format!("no more of the body came within {} ms", timeout.as_millis());
                Err(Failure::new(FailureKind::Timeout, Sent::Yes, message))
            }
            Err(stop) => {
                let mut failure = ending::stopped(stop);
                failure.sent = Sent::Yes;
                Err(failure)
            }
        }
    }

    fn failed(&self, client: &Client, failure: Failure) -> CallError {
        CallError {
            kind: failure.call_kind(),
            connection: client.plan().name.clone(),
            message: failure.message,
            sent: failure.sent,
            attempts: self.attempts,
            elapsed: clock::monotonic().since(self.started),
            status: Some(self.status),
            retry_after: None,
            correlation_id: self.correlation_id.clone(),
        }
    }
}

/// The next piece; see [`Client::read`].
pub(in crate::http) fn read(
    client: &Client,
    incoming: &mut Incoming,
    host: &dyn Host,
) -> Result<Option<Bytes>, CallError> {
    if !incoming.is_ours() {
        return Err(ending::forked(client));
    }
    let asks = Asks::default();
    let outcome = match run::run(&asks, host, incoming.piece(&asks)) {
        Ok(outcome) => outcome,
        // It forked meanwhile: what is left of the body is forgotten when it is dropped.
        Err(run::Forked) => return Err(ending::forked(client)),
    };
    if !matches!(outcome, Ok(Some(_))) {
        incoming.body = None;
    }
    outcome.map_err(|failure| incoming.failed(client, failure))
}
