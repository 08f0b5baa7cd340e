//! A connection's client: what the rooms above and the binding hold.
//!
//! Cheap to make: parsing is done, sockets and TLS live in the [engine](super::engine) of the
//! process, and what workers share lives in the segment.

use super::{Answer, CallError, CallErrorKind, Fetch, Request, Sent};
use crate::options::Plan;

/// Why the caller wants to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A signal or PHP's time limit.
    Interrupted,
    /// The connection's switch is off.
    Paused {
        /// Who said why.
        reason: String,
    },
}

/// The caller's side of a wait. Called outside any future, with no lock or borrow of ours held.
pub trait Host {
    /// Asked before each attempt, and before a token is asked for.
    ///
    /// # Errors
    /// When no attempt may begin.
    fn before_attempt(&self) -> Result<(), Stop>;

    /// Asked at least every 250 ms of waiting.
    ///
    /// # Errors
    /// When the wait must end.
    fn check(&self) -> Result<(), Stop>;
}

/// A host that never stops: tests, and programs without PHP.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn before_attempt(&self) -> Result<(), Stop> {
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        Ok(())
    }
}

/// One connection's calls.
#[derive(Clone, Debug)]
pub struct Client {
    plan: Plan,
}

impl Client {
    /// A client for a checked plan; opens nothing yet.
    pub fn new(plan: Plan) -> Self {
        Self { plan }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the call under the connection's policies. Any status is an answer.
    ///
    /// # Errors
    /// When no answer was had; says what is known.
    pub fn call(&self, _request: &Request, _host: &dyn Host) -> Result<Answer, CallError> {
        Err(CallError {
            kind: CallErrorKind::Connect,
            connection: self.plan.name.clone(),
            message: "not built yet".to_owned(),
            sent: Sent::No,
            attempts: 0,
            elapsed: std::time::Duration::ZERO,
            status: None,
            retry_after: None,
            correlation_id: String::new(),
        })
    }

    /// The error for an answer of 400 or above, for callers who want one thrown.
    ///
    /// # Errors
    /// With the answer inside when its status is 400 or above.
    pub fn refuse_error_status(&self, answer: Answer) -> Result<Answer, CallError> {
        Ok(answer)
    }

    /// The client as durable work sees it, bound to the caller's side of waits.
    pub fn fetcher<'a>(&'a self, host: &'a dyn Host) -> Fetcher<'a> {
        Fetcher { client: self, host }
    }
}

/// A client together with its host.
#[derive(Clone, Copy)]
pub struct Fetcher<'a> {
    client: &'a Client,
    host: &'a dyn Host,
}

impl Fetch for Fetcher<'_> {
    fn fetch(&self, request: &Request) -> Result<Answer, CallError> {
        self.client.call(request, self.host)
    }
}
