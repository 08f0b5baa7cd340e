//! One attempt: its token, its time, the exchange on the wire, and the answer's content.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use http::HeaderMap;

use super::{Call, Delivery, OUT_OF_TIME, ending};
use crate::auth;
use crate::clock;
use crate::http::failure::{Failure, FailureKind};
use crate::http::outcome::{self, Outcome};
use crate::http::permit::Permit;
use crate::http::transport::{self, Body, Received, Wire};
use crate::http::{Content, Sent, run};
use crate::telemetry::Counter;

impl Call<'_> {
    /// One attempt with its permit, its token and its timeout.
    pub(super) async fn attempt(
        &mut self,
        wire: &Wire,
        permit: Permit,
    ) -> (Outcome, Option<auth::Held>) {
        self.tries = self.tries.saturating_add(1);
        let mut authorized = None;
        let mut held = None;
        if let Some(options) = &self.client.plan().auth {
            // Boxed: a token's request is rare, and its future is as large as the call's own.
            match Box::pin(auth::authorize(options, self.client.segment(), self)).await {
                Ok(token) => {
                    authorized = Some(with_token(wire, &token));
                    held = Some(token);
                }
                Err(failure) => {
                    permit.record(outcome::for_breaker(&Err(failure.clone())));
                    return (Err(failure), None);
                }
            }
        }
        if self.attempts == 0 {
            self.client.count(Counter::Entered);
        } else {
            self.client.count(Counter::Retries);
        }
        self.attempts = self.attempts.saturating_add(1);
        self.client.count(Counter::Attempts);
        let outcome = self.send(authorized.as_ref().unwrap_or(wire)).await;
        permit.record(outcome::for_breaker(&outcome));
        (outcome, held)
    }

    async fn send(&self, wire: &Wire) -> Outcome {
        if self.attempts > 1
            && let Content::Streamed { source, .. } = wire.content
        {
            self.asks.rewind(source).await.map_err(|reason| {
                let message = format!("the content cannot be sent again: {reason}");
                Failure::new(FailureKind::BadRequest, Sent::Maybe, message)
            })?;
        }
        let plan = self.client.plan();
        let timeout = self.request.attempt.unwrap_or(plan.timeouts.attempt);
        self.exchange(wire, timeout, plan.body_cap_bytes, self.delivery)
            .await
    }

    /// Sends, and reads the answer as far as it is wanted, within `timeout`.
    pub(in crate::http) async fn exchange(
        &self,
        wire: &Wire,
        timeout: Duration,
        body_cap_bytes: usize,
        delivery: Delivery,
    ) -> Outcome {
        let timeout = self
            .deadline
            .for_attempt(timeout, clock::monotonic())
            .ok_or_else(|| Failure::new(FailureKind::Timeout, Sent::No, OUT_OF_TIME))?;
        let key = self.client.transport_key(&wire.url);
        // Once a head came, the request was surely sent.
        let sent = Cell::new(Sent::Maybe);
        let received = pin!(async {
            let plan = self.client.plan();
            let (head, body) = transport::exchange(plan, &key, wire, self.asks).await?;
            sent.set(Sent::Yes);
            let body = body.capped(body_cap_bytes)?;
            match delivery {
                Delivery::Open => Ok(Received { head, body }),
                Delivery::Whole => {
                    let bytes = body.whole().await?;
                    let body = Body::of_bytes(bytes);
                    Ok(Received { head, body })
                }
            }
        });
        let in_time = pin!(run::within(timeout, received));
        match self.asks.unless_stopped(in_time).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                let message = format!("no complete answer within {} ms", timeout.as_millis());
                Err(Failure::new(FailureKind::Timeout, sent.get(), message))
            }
            Err(stop) => {
                let mut failure = ending::stopped(stop);
                failure.sent = sent.get();
                Err(failure)
            }
        }
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
