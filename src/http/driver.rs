//! One call: the policies around its attempts, in the order that [`policy`](crate::policy) lists.
//!
//! The loop is plain and synchronous: it asks the pure rules, keeps score in the segment, and runs
//! each attempt on the engine in slices, between which the host (PHP's signals, the switch) is
//! asked. Nothing is held across a call to the host but the call's own values; a breaker's permit
//! is given back however the attempt ends.
//!
//! What an outcome means to a policy stands in `outcome.rs`. A 401 with a token of ours drops the
//! token and is sent once more with a new one.

use std::time::Duration;

use http::HeaderMap;

use super::failure::{Failure, FailureKind};
use super::outcome::{self, Outcome};
use super::permit::Permit;
use super::transport::{self, Wire};
use super::{
    Answer, CallError, CallErrorKind, Client, Host, Request, Sent, Stop, engine, guard, target,
};
use crate::auth;
use crate::clock::{self, Monotonic};
use crate::policy::deadline::Deadline;
use crate::policy::retry::{self, GiveUp, RetryDecision};
use crate::policy::{breaker, retry_after};
use crate::telemetry::Counter;

/// The host is asked at least so often.
const SLICE: Duration = Duration::from_millis(250);

/// A call under way.
pub(super) struct Call<'a> {
    pub(super) client: &'a Client,
    host: &'a dyn Host,
    request: &'a Request,
    started: Monotonic,
    pub(super) deadline: Deadline,
    pub(super) correlation_id: String,
    /// Requests that were begun.
    attempts: u32,
    /// The same with the tries that ended before a request, for want of a token.
    tries: u32,
}

/// Makes the call; counts how it ended.
pub(super) fn run(
    client: &Client,
    request: &Request,
    host: &dyn Host,
) -> Result<Answer, CallError> {
    let started = clock::monotonic();
    let total = request.total.unwrap_or(client.plan().timeouts.total);
    let mut call = Call {
        client,
        host,
        request,
        started,
        deadline: Deadline::after(started, total),
        correlation_id: hex::encode(clock::random_bytes::<16>()),
        attempts: 0,
        tries: 0,
    };
    client.count(Counter::Calls);
    let outcome = call.run();
    match &outcome {
        Ok(answer) if answer.status < 500 && answer.status != 429 => {
            client.count(Counter::Succeeded);
            client.connection().note_success(clock::monotonic());
        }
        Ok(_) | Err(_) => client.count(Counter::Failed),
    }
    outcome
}

impl Call<'_> {
    fn run(&mut self) -> Result<Answer, CallError> {
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
            let permit = match self.admit() {
                Ok(permit) => permit,
                // A later attempt that may not begin leaves what the earlier one came to.
                Err(refusal) => return last.map_or(Err(refusal), |outcome| self.end(outcome)),
            };
            let (outcome, held) = self.attempt(&wire, permit);
            if may_renew && self.drop_refused_token(&outcome, held.as_ref()) && self.buy_retry() {
                may_renew = false;
                last = Some(outcome);
                continue;
            }
            match self.next(&outcome) {
                RetryDecision::Retry { after } if !self.is_broken() && self.buy_retry() => {
                    self.wait(after).map_err(|failure| self.failed(failure))?;
                    last = Some(outcome);
                }
                RetryDecision::GiveUp {
                    reason: GiveUp::ComeBack { after },
                } => {
                    return Err(self.come_back(&outcome, after));
                }
                RetryDecision::Retry { .. } | RetryDecision::GiveUp { .. } => {
                    return self.end(outcome);
                }
            }
        }
    }

    /// Whether an attempt may begin: switch, hold, breaker.
    fn admit(&self) -> Result<Permit, CallError> {
        self.host.before_attempt().map_err(|stop| {
            if matches!(stop, Stop::Paused { .. }) {
                self.client.count(Counter::RefusedBySwitch);
            }
            self.failed(stopped(stop))
        })?;
        let now = clock::monotonic();
        if self.deadline.for_attempt(Duration::MAX, now).is_none() {
            let message = OUT_OF_TIME.to_owned();
            return Err(self.error(CallErrorKind::Timeout, Sent::No, message));
        }
        if let Some(wait) = self.client.connection().held(now) {
            let message = format!(
                "the vendor asked to be left alone for {} ms",
                wait.as_millis()
            );
            let mut error = self.error(CallErrorKind::Throttled, Sent::No, message);
            error.retry_after = Some(wait);
            return Err(error);
        }
        Permit::take(self.client, now).map_err(|open| {
            self.client.count(Counter::RefusedByBreaker);
            let message = "the breaker is open: the vendor is left alone".to_owned();
            let mut error = self.error(CallErrorKind::BreakerOpen, Sent::No, message);
            error.retry_after = Some(open.retry_after);
            error
        })
    }

    /// One attempt with its permit, its token and its timeout.
    fn attempt(&mut self, wire: &Wire, permit: Permit) -> (Outcome, Option<auth::Held>) {
        self.tries = self.tries.saturating_add(1);
        let mut wire = wire.clone();
        let held = match self.authorize(&mut wire.headers) {
            Ok(held) => held,
            Err(failure) => {
                permit.record(outcome::for_breaker(&Err(failure.clone())));
                return (Err(failure), None);
            }
        };
        if self.attempts == 0 {
            self.client.count(Counter::Entered);
        } else {
            self.client.count(Counter::Retries);
        }
        self.attempts = self.attempts.saturating_add(1);
        self.client.count(Counter::Attempts);
        let outcome = self.exchange(
            wire,
            self.request
                .attempt
                .unwrap_or(self.client.plan().timeouts.attempt),
            self.client.plan().body_cap_bytes,
        );
        permit.record(outcome::for_breaker(&outcome));
        (outcome, held)
    }

    fn authorize(&self, headers: &mut HeaderMap) -> Result<Option<auth::Held>, Failure> {
        let Some(options) = &self.client.plan().auth else {
            return Ok(None);
        };
        let held = auth::authorize(options, self.client.segment(), self)?;
        headers.insert(http::header::AUTHORIZATION, held.value.clone());
        Ok(Some(held))
    }

    /// Whether the vendor refused a token that can be had anew; it is dropped then.
    fn drop_refused_token(&self, outcome: &Outcome, held: Option<&auth::Held>) -> bool {
        let is_refused = outcome
            .as_ref()
            .is_ok_and(|answer| answer.status.as_u16() == 401);
        match (&self.client.plan().auth, held) {
            (Some(options), Some(held)) if is_refused => {
                auth::forget(options, self.client.segment(), self, held).is_ok()
                    && held.is_renewable()
            }
            (Some(_) | None, _) => false,
        }
    }

    /// Sends and waits in slices.
    pub(super) fn exchange(&self, wire: Wire, timeout: Duration, body_cap_bytes: usize) -> Outcome {
        let timeout = self
            .deadline
            .for_attempt(timeout, clock::monotonic())
            .ok_or_else(|| Failure::new(FailureKind::Timeout, Sent::No, OUT_OF_TIME))?;
        let engine = engine::current()?;
        let pool = engine.pool(&self.client.transport_key(&wire.url))?;
        engine.pump();
        let mut attempt = Box::pin(transport::exchange(pool, wire, timeout, body_cap_bytes));
        loop {
            match engine.run(&mut attempt, SLICE) {
                engine::Slice::Done(outcome) => return outcome,
                engine::Slice::Waiting => self.host.check().map_err(|stop| {
                    let mut failure = stopped(stop);
                    failure.sent = Sent::Maybe;
                    failure
                })?,
                engine::Slice::Forked => {
                    std::mem::forget(attempt);
                    let message = "the process forked while the call was under way";
                    return Err(Failure::new(FailureKind::Interrupted, Sent::Maybe, message));
                }
            }
        }
    }

    /// Waits in slices; a frozen clock is advanced at once.
    pub(super) fn wait(&self, span: Duration) -> Result<(), Failure> {
        let slice = if clock::is_frozen() { span } else { SLICE };
        let mut left = span;
        loop {
            self.host.check().map_err(stopped)?;
            if left.is_zero() {
                return Ok(());
            }
            let step = left.min(slice);
            clock::wait_blocking(step);
            left = left.saturating_sub(step);
        }
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
            retry_after: outcome
                .as_ref()
                .ok()
                .and_then(|answer| outcome::retry_after(&answer.headers)),
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

    /// The vendor named a time beyond the deadline: nobody calls before.
    fn come_back(&self, outcome: &Outcome, after: Duration) -> CallError {
        let hold = retry_after::hold(after);
        self.client
            .connection()
            .hold_until(clock::monotonic().saturating_add(hold));
        let message = format!("the vendor asked to come back in {} s", after.as_secs());
        let mut error = self.error(CallErrorKind::Throttled, Sent::Yes, message);
        error.status = outcome.as_ref().ok().map(|answer| answer.status.as_u16());
        error.retry_after = Some(after);
        error
    }

    fn end(&self, outcome: Outcome) -> Result<Answer, CallError> {
        let received = outcome.map_err(|failure| self.failed(failure))?;
        Ok(Answer {
            status: received.status.as_u16(),
            reason: received.reason,
            version: received.version,
            headers: received.headers,
            body: received.body,
            attempts: self.attempts,
            elapsed: self.elapsed(),
            correlation_id: self.correlation_id.clone(),
        })
    }

    fn failed(&self, failure: Failure) -> CallError {
        let kind = failure.call_kind();
        let mut error = self.error(kind, failure.sent, failure.message);
        error.retry_after = failure.retry_after;
        error
    }

    fn error(&self, kind: CallErrorKind, sent: Sent, message: String) -> CallError {
        CallError {
            kind,
            connection: self.client.plan().name.clone(),
            message,
            sent,
            attempts: self.attempts,
            elapsed: self.elapsed(),
            status: None,
            retry_after: None,
            correlation_id: self.correlation_id.clone(),
        }
    }

    fn elapsed(&self) -> Duration {
        clock::monotonic().since(self.started)
    }
}

/// What a call says that had no time left for an attempt.
pub(super) const OUT_OF_TIME: &str = "the call's time ran out";

fn stopped(stop: Stop) -> Failure {
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

#[cfg(test)]
pub(crate) mod tests;
