//! A connection's client: what the rooms above and the binding hold.
//!
//! Cheap to make: parsing is done, sockets and TLS live in the [engine](super::engine) of the
//! process, and what workers share lives in the segment.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::failure::{Failure, FailureKind};
use super::hosts::Hosts;
use super::run::{BackgroundHost, background};
use super::{
    Answer, CallError, CallErrorKind, Content, Fetch, Host, Incoming, Pending, Request, Sent,
    driver, graphql, outcome, target, transport,
};
use crate::auth;
use crate::clock;
use crate::options::Plan;
use crate::segment::{self, Connection, Segment};
use crate::telemetry::Counter;
use crate::testing;

/// One connection's calls.
#[derive(Clone, Debug)]
pub struct Client {
    plan: Arc<Plan>,
    segment: &'static Segment,
    connection: Connection,
    /// What holds for all hosts, once its address is known; `None` where it cannot be used.
    hosts: Arc<OnceLock<Option<Arc<Hosts>>>>,
    /// Without TLS and with it.
    keys: [Arc<transport::Key>; 2],
}

impl Client {
    /// A client for a checked plan, sharing its state through the host's segment; opens no socket.
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        Self::with_segment(plan, segment::segment())
    }

    /// A client that shares its state through this segment: tests.
    pub fn with_segment(plan: impl Into<Arc<Plan>>, segment: &'static Segment) -> Self {
        let plan = plan.into();
        let connection = segment.connection(&plan.namespace, &plan.name);
        let keys = [None, Some(plan.tls.clone())].map(|tls| {
            Arc::new(transport::Key {
                connect_timeout: plan.timeouts.connect,
                guard: plan.address,
                tls,
                protocol: plan.protocol,
                proxy: plan.proxy.clone(),
            })
        });
        Self {
            keys,
            plan,
            segment,
            connection,
            hosts: Arc::default(),
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

    pub(super) fn hosts(&self) -> &OnceLock<Option<Arc<Hosts>>> {
        &self.hosts
    }

    pub(super) fn segment(&self) -> &'static Segment {
        self.segment
    }

    pub(super) fn count(&self, counter: Counter) {
        self.connection.count(counter, 1);
    }

    /// Which pool of sockets serves this URL.
    pub(super) fn transport_key(&self, url: &url::Url) -> &Arc<transport::Key> {
        let [plain, tls] = &self.keys;
        if url.scheme() == "https" { tls } else { plain }
    }

    /// Makes the call under the connection's policies. Any status is an answer.
    ///
    /// # Errors
    /// When no answer was had; says what is known.
    pub fn call(&self, request: &Request, host: &dyn Host) -> Result<Answer, CallError> {
        driver::call(self, request, host)
    }

    /// Makes many calls, at most `concurrency` at once. Requests are drawn as there is room, each
    /// result is handed over with its key as it comes; `each` may break off, and what is under way
    /// is then given up.
    ///
    /// # Errors
    /// When the host interrupted: what had begun has got its result, what had not was not drawn.
    pub fn call_many<K>(
        &self,
        requests: impl Iterator<Item = (K, Request)>,
        concurrency: usize,
        host: &dyn Host,
        each: impl FnMut(K, Result<Answer, CallError>) -> ControlFlow<()>,
    ) -> Result<(), CallError> {
        driver::call_many(self, requests, concurrency, host, each)
    }

    /// Begins the call in the background; its secrets are read before. `sink` is a file, by its
    /// whole name, that takes the content of an answer below 400; it is made with the first byte,
    /// and stays only if it is whole.
    ///
    /// # Errors
    /// When it cannot begin: a secret that cannot be read, a content that only this thread can
    /// stream, no thread.
    pub fn start(&self, mut request: Request, sink: Option<PathBuf>) -> Result<Pending, CallError> {
        let refuse = |failure| driver::of_failure(self, failure);
        if matches!(request.content, Content::Streamed { .. }) {
            let message = "a streamed content cannot be sent in the background";
            let failure = Failure::new(FailureKind::BadRequest, Sent::No, message);
            return Err(refuse(failure));
        }
        if testing::current().is_some() || clock::is_frozen() {
            // A test's vendors and its clock are this thread's own: the call is made at once.
            let host = BackgroundHost::new(self.clone(), &mut request, sink);
            let outcome = host.end(self.call(&request, &host));
            return Ok(Pending::done(self, outcome));
        }
        let mut secrets = Vec::new();
        let needed = self.plan.auth.as_ref().map(auth::Options::secrets);
        for secret in needed.into_iter().flatten() {
            let bytes = secret.resolve().map_err(|error| {
                let kind = FailureKind::Auth { transient: false };
                refuse(Failure::new(kind, Sent::No, error.to_string()))
            })?;
            secrets.push((secret.clone(), bytes));
        }
        if let Some(address) = &self.plan.shared
            && let Ok(bytes) = address.resolve()
        {
            // Without it the call goes by what this host knows.
            secrets.push((address.clone(), bytes));
        }
        background::start(self, request, sink, secrets).map_err(refuse)
    }

    /// Makes the call up to the head of its answer, whose content is then taken piece by piece with
    /// [`Client::read`]; the answer's `body` is empty. The attempt's timeout bounds the way to the
    /// head and then each piece, the total timeout all of it, the cap the sum of the pieces.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn open(
        &self,
        request: &Request,
        host: &dyn Host,
    ) -> Result<(Answer, Incoming), CallError> {
        driver::open(self, request, host)
    }

    /// The next piece of an open answer's content; `None` at its end.
    ///
    /// # Errors
    /// When it breaks off, its time runs out, it is larger than its cap, or the host stops.
    pub fn read(
        &self,
        incoming: &mut Incoming,
        host: &dyn Host,
    ) -> Result<Option<bytes::Bytes>, CallError> {
        driver::read(self, incoming, host)
    }

    /// Where the request goes.
    ///
    /// # Errors
    /// Why it goes nowhere.
    pub fn url_of(&self, request: &Request) -> Result<url::Url, String> {
        target::resolve(&self.plan, request)
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

    fn fetch_many(
        &self,
        requests: Vec<Request>,
    ) -> Result<Vec<Result<Answer, CallError>>, CallError> {
        let at_once = requests.len();
        let mut results: Vec<_> = requests.iter().map(|_| None).collect();
        let requests = requests.into_iter().enumerate();
        self.client
            .call_many(requests, at_once, self.host, |at, result| {
                if let Some(place) = results.get_mut(at) {
                    *place = Some(result);
                }
                std::ops::ControlFlow::Continue(())
            })?;
        Ok(results.into_iter().flatten().collect())
    }
}
