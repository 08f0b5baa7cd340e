//! One attempt: its token, its time, the exchange on the wire, and the answer's content.

use std::time::Duration;

use http::HeaderMap;

use super::exchange::Terms;
use super::{Call, Delivery};
use crate::auth;
use crate::clock;
use crate::http::outcome::{self, Outcome};
use crate::http::permit::Permit;
use crate::http::transport::{Ready, Wire};
use crate::http::{CallError, Content, OPEN_CAP_BYTES};
use crate::policy::rate_limit::{self, RateLimit};
use crate::policy::throttle;
use crate::telemetry::Counter;

impl<'client> Call<'client> {
    /// One attempt with its permit, its token, its place, its connection, its turn and its timeout.
    ///
    /// # Errors
    /// When its turn does not come: nothing was attempted.
    pub(super) async fn attempt(
        &mut self,
        wire: &Wire,
        mut permit: Permit<'client>,
    ) -> Result<(Outcome, Option<auth::Held>), CallError> {
        self.tries = self.tries.saturating_add(1);
        let mut authorized = None;
        let mut held = self.token.take();
        if let Some(options) = self.client.plan().auth.as_ref().filter(|_| held.is_none()) {
            // Boxed: a token's request is rare, and its future is as large as the call's own.
            match Box::pin(auth::authorize(options, self.client.segment(), self)).await {
                Ok(token) => held = Some(token),
                Err(failure) => {
                    let outcome = Err(failure);
                    permit.record(outcome::for_breaker(&outcome), Duration::ZERO);
                    return Ok((outcome, None));
                }
            }
        }
        if let Some(token) = &held {
            authorized = Some(with_token(wire, token));
        }
        let wire = authorized.as_ref().unwrap_or(wire);
        let has_waited = self.place(&mut permit).await?;
        let began = clock::monotonic();
        let mut ready = match self.ahead(wire).await {
            Ok(ready) => ready,
            Err(failure) => {
                self.count_entry();
                let outcome = Err(failure);
                let took = clock::monotonic().since(began);
                permit.record(outcome::for_breaker(&outcome), took);
                return Ok((outcome, held));
            }
        };
        self.turn(wire, &mut permit, &mut ready, has_waited).await?;
        self.count_entry();
        Ok((self.send_hedged(wire, permit, ready).await, held))
    }

    /// Counts an attempt that is no hedge.
    fn count_entry(&self) {
        self.count_attempt(if self.attempts.get() == 0 {
            Counter::Entered
        } else {
            Counter::Retries
        });
    }

    /// Counts one more request, as what it is.
    pub(super) fn count_attempt(&self, kind: Counter) {
        self.client.count(kind);
        self.client.count(Counter::Attempts);
        self.attempts.set(self.attempts.get().saturating_add(1));
    }

    /// Sends once, and says what came of it to all who keep score.
    pub(super) async fn send_recorded(
        &self,
        wire: &Wire,
        mut permit: Permit<'_>,
        ready: Option<Box<Ready>>,
    ) -> Outcome {
        let began = clock::monotonic();
        let outcome = self.send(wire, ready).await;
        if let (Some(throttle), Ok(received)) = (&self.client.plan().throttle, &outcome) {
            self.note_announced(throttle, &received.head.headers, &mut permit);
        }
        let took = clock::monotonic().since(began);
        permit.record(outcome::for_breaker(&outcome), took);
        outcome
    }

    /// Remembers what the vendor says about its limits.
    fn note_announced(
        &self,
        throttle: &throttle::Options,
        headers: &HeaderMap,
        permit: &mut Permit<'_>,
    ) {
        if throttle.announced && rate_limit::is_announced(headers) {
            let now = clock::monotonic();
            let announced = RateLimit::read(headers, clock::unix()).announced(now);
            // Here too: it holds while the server of all hosts is away.
            self.client.connection().throttle_announce(announced, now);
            permit.announce(announced);
        }
    }

    async fn send(&self, wire: &Wire, ready: Option<Box<Ready>>) -> Outcome {
        if self.attempts.get() > 1
            && let Content::Streamed { source, .. } = wire.content
        {
            self.rewind(source).await?;
        }
        let cap_bytes = self.body_cap_bytes();
        let plan = self.client.plan();
        let terms = Terms {
            timeout: self.attempt_timeout(),
            body_cap_bytes: cap_bytes,
            delivery: self.delivery,
            redirects: self.request.redirects.unwrap_or(plan.redirects),
        };
        self.exchange(wire, ready, terms).await
    }

    /// What is held in memory has a cap of its own.
    fn body_cap_bytes(&self) -> usize {
        let wanted = self
            .request
            .body_cap_bytes
            .map(|cap| usize::try_from(cap).unwrap_or(usize::MAX));
        wanted.unwrap_or_else(|| match self.delivery {
            Delivery::Whole => self.client.plan().body_cap_bytes,
            Delivery::Open | Delivery::Sink(_) => {
                usize::try_from(OPEN_CAP_BYTES).unwrap_or(usize::MAX)
            }
        })
    }

    /// Whether the vendor refused a token that can be had anew; it is dropped then.
    pub(super) async fn drop_refused_token(
        &self,
        outcome: &Outcome,
        held: Option<auth::Held>,
    ) -> bool {
        let is_refused = outcome
            .as_ref()
            .is_ok_and(|answer| answer.head.status.as_u16() == 401);
        match (&self.client.plan().auth, held) {
            (Some(options), Some(held)) if is_refused => {
                let forget = auth::forget(options, self.client.segment(), self, &held);
                Box::pin(forget).await.is_ok() && held.is_renewable()
            }
            (Some(_) | None, _) => false,
        }
    }
}

fn with_token(wire: &Wire, held: &auth::Held) -> Wire {
    let mut wire = wire.clone();
    let fields: &mut HeaderMap = &mut wire.headers;
    fields.insert(http::header::AUTHORIZATION, held.value.clone());
    wire
}
