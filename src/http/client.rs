//! A connection's client: what the rooms above and the binding hold.
//!
//! Cheap to make: parsing is done, sockets and TLS live in the [engine](super::engine) of the
//! process, and what workers share lives in the segment.

use super::{
    Answer, CallError, CallErrorKind, Fetch, Request, Sent, driver, graphql, outcome, transport,
};
use crate::options::Plan;
use crate::segment::{self, Connection, Segment};
use crate::telemetry::Counter;

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
    segment: &'static Segment,
    connection: Connection,
}

impl Client {
    /// A client for a checked plan, sharing its state through the host's segment; opens no socket.
    pub fn new(plan: Plan) -> Self {
        Self::with_segment(plan, segment::segment())
    }

    /// A client that shares its state through this segment: tests.
    pub fn with_segment(plan: Plan, segment: &'static Segment) -> Self {
        let connection = segment.connection(&plan.namespace, &plan.name);
        Self {
            plan,
            segment,
            connection,
        }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What workers share of this connection: breaker, budget, hold, counters.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn segment(&self) -> &'static Segment {
        self.segment
    }

    pub(super) fn count(&self, counter: Counter) {
        self.connection.count(counter, 1);
    }

    /// Which pool of sockets serves this URL.
    pub(super) fn transport_key(&self, url: &url::Url) -> transport::Key {
        transport::Key {
            connect_timeout: self.plan.timeouts.connect,
            guard: self.plan.address,
            tls: (url.scheme() == "https").then(|| self.plan.tls.clone()),
        }
    }

    /// Makes the call under the connection's policies. Any status is an answer.
    ///
    /// # Errors
    /// When no answer was had; says what is known.
    pub fn call(&self, request: &Request, host: &dyn Host) -> Result<Answer, CallError> {
        driver::run(self, request, host)
    }

    /// Sends a GraphQL document by its hash, and with its text where the server asks for it.
    /// `request` gives target, fields and bounds; `variables_json` is an object, or empty.
    ///
    /// # Errors
    /// As [`Client::call`]; `BadRequest` when the variables are no JSON.
    pub fn graphql(
        &self,
        request: &Request,
        document: &str,
        variables_json: &[u8],
        host: &dyn Host,
    ) -> Result<Answer, CallError> {
        graphql::run(self, request, document, variables_json, host)
    }

    /// Turns an answer of 400 or above into an error, for callers who want one thrown.
    ///
    /// # Errors
    /// With the answer inside when its status is 400 or above.
    pub fn refuse_error_status(&self, answer: Answer) -> Result<Answer, CallError> {
        if answer.status < 400 {
            return Ok(answer);
        }
        let retry_after = outcome::retry_after(&answer.headers);
        Err(CallError {
            connection: self.plan.name.clone(),
            message: format!("the vendor answered {} {}", answer.status, answer.reason),
            sent: Sent::Yes,
            attempts: answer.attempts,
            elapsed: answer.elapsed,
            status: Some(answer.status),
            retry_after,
            correlation_id: answer.correlation_id.clone(),
            kind: CallErrorKind::Status(Box::new(answer)),
        })
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
