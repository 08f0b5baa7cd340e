//! One call: the policies around its attempts, in the order that [`policy`](crate::policy) lists.
//!
//! One future makes the whole call: it asks the pure rules, keeps score in the segment, and waits
//! for sockets and time. What only the caller's side knows it asks for through [`Asks`]; how it is
//! run (here, many at once, in the background) is the runners' matter. A breaker's permit is given
//! back however the attempt ends, also when the future is dropped.
//!
//! The composition stands in [`Call::run`] and [`Call::attempts`]; what is shared with equal calls
//! in `coalesce.rs`, the way in in `admit.rs`, one attempt in `attempt.rs` (its connection in
//! `ahead.rs`, its place in `place.rs`, its turn in `turn.rs`, what goes over the wire in `exchange.rs`, a second one beside
//! it in `hedge.rs`), how a call ends
//! in `ending.rs`, an answer that is read piece by piece in `opened.rs`. What an outcome means to a
//! policy stands in `outcome.rs`. A 401 with a token of ours drops the token and is sent once more
//! with a new one.

mod admit;
mod ahead;
mod attempt;
mod coalesce;
mod ending;
mod exchange;
mod hedge;
mod opened;
mod place;
mod pour;
pub(super) mod shared;
mod turn;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use super::failure::Failure;
use super::outcome::{self, Outcome};
use super::run::{self, Asks};
use super::transport::Wire;
use super::{
    Answer, CallError, CallErrorKind, Client, Content, Host, Request, Sent, Stop, guard,
    idempotency_key, target,
};
use crate::auth;
use crate::clock::{self, Monotonic};
use crate::policy::breaker;
use crate::policy::deadline::Deadline;
use crate::policy::retry::{self, GiveUp, RetryDecision};
use crate::telemetry::Counter;
pub(super) use ending::{OUT_OF_TIME, forked, of_failure, stopped_wait};
pub(super) use exchange::Terms;
pub use opened::Incoming;
pub(super) use opened::read;

/// How the answer's content is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// With the answer.
    Whole,
    /// Behind it, piece by piece.
    Open,
    /// Into this sink of the host's, unless it is an error's.
    Sink(usize),
}

/// A call under way.
pub(super) struct Call<'a> {
    pub(super) client: &'a Client,
    pub(super) asks: &'a Asks,
    request: &'a Request,
    made_key: Option<String>,
    delivery: Delivery,
    started: Monotonic,
    pub(super) deadline: Deadline,
    pub(super) correlation_id: String,
    /// Requests that were begun.
    attempts: Cell<u32>,
    /// The same with the tries that ended before a request, for want of a token.
    tries: u32,
    /// The wait before the last attempt.
    waited: Option<Duration>,
    /// A token that was fetched before the first attempt.
    token: Option<auth::Held>,
    /// Whether some of an answer went into the caller's sink.
    has_poured: Cell<bool>,
}

/// Makes the call on this thread.
pub(super) fn call(
    client: &Client,
    request: &Request,
    host: &dyn Host,
) -> Result<Answer, CallError> {
    let asks = Asks::alone();
    match run::run(&asks, host, make(client, request, &asks)) {
        Ok(outcome) => outcome,
        Err(run::Forked) => Err(forked(client)),
    }
}

/// Makes the call on this thread up to the head of its answer.
pub(super) fn open(
    client: &Client,
    request: &Request,
    host: &dyn Host,
) -> Result<(Answer, Incoming), CallError> {
    let asks = Asks::default();
    let call = async {
        let call = Call::new(client, request, &asks, Delivery::Open);
        let (answer, incoming) = call.counted().await?;
        Ok((answer, incoming))
    };
    match run::run(&asks, host, call) {
        Ok(outcome) => outcome,
        Err(run::Forked) => Err(forked(client)),
    }
}

/// Makes many calls on this thread, at most `concurrency` at once; see [`Client::call_many`].
pub(super) fn call_many<K>(
    client: &Client,
    requests: impl Iterator<Item = (K, Request)>,
    concurrency: usize,
    host: &dyn Host,
    each: impl FnMut(K, Result<Answer, CallError>) -> ControlFlow<()>,
) -> Result<(), CallError> {
    let mut requests = requests;
    let next = |asks: Rc<Asks>| {
        let (key, request) = requests.next()?;
        let call = async move { make(client, &request, &asks).await };
        Some((key, call))
    };
    run::many(concurrency, host, next, each).map_err(|ended| match ended {
        run::Ended::Interrupted => stopped_wait(client, Stop::Interrupted),
        run::Ended::Forked(run::Forked) => forked(client),
    })
}

/// The call as a future, for every runner.
pub(super) async fn make(
    client: &Client,
    request: &Request,
    asks: &Asks,
) -> Result<Answer, CallError> {
    let delivery = request.sink.map_or(Delivery::Whole, Delivery::Sink);
    let call = Call::new(client, request, asks, delivery);
    call.counted().await.map(|(answer, _)| answer)
}

impl<'a> Call<'a> {
    fn new(client: &'a Client, request: &'a Request, asks: &'a Asks, delivery: Delivery) -> Self {
        let started = clock::monotonic();
        // Made once, here: every attempt of this call carries the same bytes.
        let is_wanted = client.plan().idempotency.is_taken
            && request.idempotency_key.is_none()
            && !request.is_repeatable
            && !retry::is_idempotent(&request.method);
        let total = request.total.unwrap_or(client.plan().timeouts.total);
        Self {
            client,
            asks,
            request,
            made_key: is_wanted.then(idempotency_key::new_key),
            delivery,
            started,
            deadline: Deadline::after(started, total),
            correlation_id: hex::encode(clock::random_bytes::<16>()),
            attempts: Cell::new(0),
            tries: 0,
            waited: None,
            token: None,
            has_poured: Cell::new(false),
        }
    }

    /// Makes the call; counts how it ended.
    async fn counted(mut self) -> Result<(Answer, Incoming), CallError> {
        self.client.count(Counter::Calls);
        let outcome = self.run().await;
        match &outcome {
            Ok((answer, _)) if answer.status < 500 && answer.status != 429 => {
                self.client.count(Counter::Succeeded);
                self.client.connection().note_success(clock::monotonic());
            }
            Ok(_) | Err(_) => self.client.count(Counter::Failed),
        }
        outcome
    }

    async fn run(&mut self) -> Result<(Answer, Incoming), CallError> {
        let plan = self.client.plan();
        let wire = target::prepare(plan, self.request, self.intent_key(), &self.correlation_id)
            .map_err(|message| self.error(CallErrorKind::BadRequest, Sent::No, message))?;
        guard::check_literal(self.client.plan().address, &wire.url).map_err(|refused| {
            self.error(CallErrorKind::AddressRefused, Sent::No, refused.to_string())
        })?;
        let connection = self.client.connection();
        connection.note_use(self.started);
        if let Some(budget) = &self.client.plan().retry.budget {
            connection.budget_deposit(budget, self.started);
        }
        if self.client.plan().coalesce {
            return Box::pin(self.coalesced(&wire)).await;
        }
        self.attempts(&wire).await
    }

    /// The attempts, until one of them is the call's end.
    async fn attempts(&mut self, wire: &Wire) -> Result<(Answer, Incoming), CallError> {
        let mut last = None;
        let mut may_renew = true;
        loop {
            let attempt = match self.admit().await {
                Ok(permit) => self.attempt(wire, permit).await,
                Err(refusal) => Err(refusal),
            };
            let (outcome, held) = match attempt {
                Ok(made) => made,
                // A later attempt that may not begin leaves what the earlier one came to.
                Err(refusal) => return last.map_or(Err(refusal), |outcome| self.end(outcome)),
            };
            if may_renew
                && !self.is_used_up()
                && self.drop_refused_token(&outcome, held).await
                && self.buy_retry()
            {
                may_renew = false;
                last = Some(outcome);
                continue;
            }
            match self.next(&outcome) {
                RetryDecision::Retry { after } if self.may_repeat() && self.buy_retry() => {
                    self.wait(after)
                        .await
                        .map_err(|failure| self.failed(failure))?;
                    // Others may have found out meanwhile how the vendor is.
                    if !self.may_repeat() {
                        return self.end(outcome);
                    }
                    self.waited = Some(after);
                    last = Some(outcome);
                }
                RetryDecision::GiveUp {
                    reason: GiveUp::ComeBack { after },
                } => return Err(self.come_back(&outcome, after)),
                RetryDecision::Retry { .. } | RetryDecision::GiveUp { .. } => {
                    return self.end(outcome);
                }
            }
        }
    }

    /// Whether there can be no other attempt: the content cannot go back to its start, or some of
    /// the answer was handed over.
    fn is_used_up(&self) -> bool {
        if self.has_poured.get() {
            return true;
        }
        match &self.request.content {
            Content::Streamed { is_repeatable, .. } => !is_repeatable,
            Content::Empty | Content::Whole(_) => false,
        }
    }

    /// Waits; a frozen clock is advanced at once.
    pub(super) async fn wait(&self, span: Duration) -> Result<(), Failure> {
        let sleep = std::pin::pin!(run::sleep(span));
        self.asks
            .unless_stopped(sleep)
            .await
            .map_err(ending::stopped)
    }

    /// The call's idempotency key: the caller's, or the one that was made for it.
    pub(super) fn intent_key(&self) -> Option<&str> {
        let given = self.request.idempotency_key.as_deref();
        given.or(self.made_key.as_deref())
    }

    /// Asks the rule what follows.
    fn next(&self, outcome: &Outcome) -> RetryDecision {
        let options = &self.client.plan().retry;
        let ended = outcome::for_retry(outcome);
        let has_key = self.intent_key().is_some();
        if !retry::may_pass(options, ended, has_key) {
            let reason = GiveUp::NotRetryable;
            return RetryDecision::GiveUp { reason };
        }
        let attempt = retry::Attempt {
            number: self.tries,
            outcome: ended,
            sent: outcome
                .as_ref()
                .map_or_else(|failure| failure.sent, |_| Sent::Yes),
            method_is_idempotent: self.request.is_repeatable
                || retry::is_idempotent(&self.request.method),
            has_key,
            waited: self.waited,
            retry_after: outcome
                .as_ref()
                .ok()
                .and_then(|answer| outcome::retry_after(&answer.head.headers)),
            remaining: self.deadline.remaining(clock::monotonic()),
            random: clock::random_unit(),
        };
        retry::decide(options, &attempt)
    }

    /// Whether the content can be sent once more, and the vendor is well enough for it: the breaker
    /// is not open by now (what opened it is not followed by a wait for a refusal), and it does not
    /// fail steadily.
    fn may_repeat(&self) -> bool {
        if self.is_used_up() {
            return false;
        }
        let (plan, connection) = (self.client.plan(), self.client.connection());
        let now = clock::monotonic();
        let is_open = plan
            .breaker
            .is_some_and(|options| connection.breaker_state(&options, now) == breaker::State::Open);
        if is_open {
            return false;
        }
        let is_allowed =
            plan.retry.budget.is_none() || connection.streak_allows_retry(&plan.streak(), now);
        if !is_allowed {
            self.client.count(Counter::RetriesDenied);
        }
        is_allowed
    }

    /// Takes a retry's token from the budget.
    fn buy_retry(&self) -> bool {
        let Some(budget) = &self.client.plan().retry.budget else {
            return true;
        };
        let is_bought = self
            .client
            .connection()
            .budget_withdraw(budget, clock::monotonic());
        if !is_bought {
            self.client.count(Counter::RetriesDenied);
        }
        is_bought
    }
}

#[cfg(test)]
mod policy_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod turn_tests;
