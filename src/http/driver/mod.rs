//! One call: the policies around its attempts, in the order that [`policy`](crate::policy) lists.
//!
//! One future makes the whole call: it asks the pure rules, keeps score in the segment, and waits
//! for sockets and time. What only the caller's side knows it asks for through [`Asks`]; how it is
//! run (here, many at once, in the background) is the runners' matter. A breaker's permit is given
//! back however the attempt ends, also when the future is dropped.
//!
//! The composition stands in [`Call::run`]; the way in is in `admit.rs`, one attempt in
//! `attempt.rs`, how a call ends in `ending.rs`, an answer that is read piece by piece in
//! `opened.rs`. What an outcome means to a policy stands in `outcome.rs`. A 401 with a token of
//! ours drops the token and is sent once more with a new one.

mod admit;
mod attempt;
mod ending;
mod opened;

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use super::failure::Failure;
use super::outcome::{self, Outcome};
use super::run::{self, Asks};
use super::{Answer, CallError, CallErrorKind, Client, Host, Request, Sent, Stop, guard, target};
use crate::clock::{self, Monotonic};
use crate::policy::breaker;
use crate::policy::deadline::Deadline;
use crate::policy::retry::{self, GiveUp, RetryDecision};
use crate::telemetry::Counter;
pub(super) use ending::{OUT_OF_TIME, forked, of_failure, stopped_wait};
pub use opened::Incoming;
pub(super) use opened::read;

/// How the answer's content is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// With the answer.
    Whole,
    /// Behind it, piece by piece.
    Open,
}

/// A call under way.
pub(super) struct Call<'a> {
    pub(super) client: &'a Client,
    pub(super) asks: &'a Asks,
    request: &'a Request,
    delivery: Delivery,
    started: Monotonic,
    pub(super) deadline: Deadline,
    pub(super) correlation_id: String,
    /// Requests that were begun.
    attempts: u32,
    /// The same with the tries that ended before a request, for want of a token.
    tries: u32,
}

/// Makes the call on this thread.
pub(super) fn call(
    client: &Client,
    request: &Request,
    host: &dyn Host,
) -> Result<Answer, CallError> {
    let asks = Asks::default();
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
    let call = Call::new(client, request, asks, Delivery::Whole);
    call.counted().await.map(|(answer, _)| answer)
}

impl<'a> Call<'a> {
    fn new(client: &'a Client, request: &'a Request, asks: &'a Asks, delivery: Delivery) -> Self {
        let started = clock::monotonic();
        let total = request.total.unwrap_or(client.plan().timeouts.total);
        Self {
            client,
            asks,
            request,
            delivery,
            started,
            deadline: Deadline::after(started, total),
            correlation_id: hex::encode(clock::random_bytes::<16>()),
            attempts: 0,
            tries: 0,
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
        let wire = target::prepare(self.client.plan(), self.request, &self.correlation_id)
            .map_err(|message| self.error(CallErrorKind::BadRequest, Sent::No, message))?;
        guard::check_literal(self.client.plan().address, &wire.url).map_err(|refused| {
            self.error(CallErrorKind::AddressRefused, Sent::No, refused.to_string())
        })?;
        if let Some(budget) = &self.client.plan().retry.budget {
            self.client
                .connection()
                .budget_deposit(budget, self.started);
        }
        let mut last = None;
        let mut may_renew = true;
        loop {
            let permit = match self.admit().await {
                Ok(permit) => permit,
                // A later attempt that may not begin leaves what the earlier one came to.
                Err(refusal) => return last.map_or(Err(refusal), |outcome| self.end(outcome)),
            };
            let (outcome, held) = self.attempt(&wire, permit).await;
            if may_renew && self.drop_refused_token(&outcome, held).await && self.buy_retry() {
                may_renew = false;
                last = Some(outcome);
                continue;
            }
            match self.next(&outcome) {
                RetryDecision::Retry { after } if !self.is_broken() && self.buy_retry() => {
                    self.wait(after)
                        .await
                        .map_err(|failure| self.failed(failure))?;
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

    /// Waits; a frozen clock is advanced at once.
    pub(super) async fn wait(&self, span: Duration) -> Result<(), Failure> {
        let sleep = std::pin::pin!(run::sleep(span));
        self.asks
            .unless_stopped(sleep)
            .await
            .map_err(ending::stopped)
    }

    /// Asks the rule what follows.
    fn next(&self, outcome: &Outcome) -> RetryDecision {
        let attempt = retry::Attempt {
            number: self.tries,
            outcome: outcome::for_retry(outcome),
            sent: outcome
                .as_ref()
                .map_or_else(|failure| failure.sent, |_| Sent::Yes),
            method_is_idempotent: self.request.is_repeatable
                || retry::is_idempotent(&self.request.method),
            has_key: self.request.idempotency_key.is_some(),
            waited: None,
            retry_after: outcome
                .as_ref()
                .ok()
                .and_then(|answer| outcome::retry_after(&answer.head.headers)),
            remaining: self.deadline.remaining(clock::monotonic()),
            random: clock::random_unit(),
        };
        retry::decide(&self.client.plan().retry, &attempt)
    }

    /// Whether the breaker is open by now: the attempt that opened it is not followed by a wait
    /// for a refusal.
    fn is_broken(&self) -> bool {
        self.client.plan().breaker.is_some_and(|options| {
            let now = clock::monotonic();
            self.client.connection().breaker_state(&options, now) == breaker::State::Open
        })
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
pub(crate) mod tests;
