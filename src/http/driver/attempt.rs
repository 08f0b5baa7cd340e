//! One attempt: its token, its time, the exchange on the wire, and the answer's content.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::{Call, Delivery, OUT_OF_TIME, ending};
use crate::auth;
use crate::clock;
use crate::http::decode::{Caps, Decoder};
use crate::http::failure::{Failure, FailureKind};
use crate::http::outcome::{self, Outcome};
use crate::http::permit::Permit;
use crate::http::transport::{self, Body, Head, Received, Wire};
use crate::http::{CallError, Content, OPEN_CAP_BYTES, Sent, run};
use crate::policy::rate_limit::{self, RateLimit};
use crate::policy::throttle;
use crate::telemetry::Counter;

impl<'client> Call<'client> {
    /// One attempt with its permit, its token, its turn and its timeout.
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
        self.turn(wire, &mut permit).await?;
        self.count_attempt(if self.attempts.get() == 0 {
            Counter::Entered
        } else {
            Counter::Retries
        });
        Ok((self.send_hedged(wire, permit).await, held))
    }

    /// Counts one more request, as what it is.
    pub(super) fn count_attempt(&self, kind: Counter) {
        self.client.count(kind);
        self.client.count(Counter::Attempts);
        self.attempts.set(self.attempts.get().saturating_add(1));
    }

    /// Sends once, and says what came of it to all who keep score.
    pub(super) async fn send_recorded(&self, wire: &Wire, permit: Permit<'_>) -> Outcome {
        let began = clock::monotonic();
        let outcome = self.send(wire).await;
        if let (Some(throttle), Ok(received)) = (&self.client.plan().throttle, &outcome) {
            self.note_announced(throttle, &received.head.headers);
        }
        let took = clock::monotonic().since(began);
        permit.record(outcome::for_breaker(&outcome), took);
        outcome
    }

    /// Remembers what the vendor says about its limits.
    fn note_announced(&self, throttle: &throttle::Options, headers: &HeaderMap) {
        if throttle.announced && rate_limit::is_announced(headers) {
            let now = clock::monotonic();
            let announced = RateLimit::read(headers, clock::unix()).announced(now);
            self.client.connection().throttle_announce(announced, now);
        }
    }

    async fn send(&self, wire: &Wire) -> Outcome {
        if self.attempts.get() > 1
            && let Content::Streamed { source, .. } = wire.content
        {
            self.asks.rewind(source).await.map_err(|reason| {
                let message = format!("the content cannot be sent again: {reason}");
                Failure::new(FailureKind::BadRequest, Sent::Maybe, message)
            })?;
        }
        let cap_bytes = self.body_cap_bytes();
        self.exchange(wire, self.attempt_timeout(), cap_bytes, self.delivery)
            .await
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

    /// Takes content codings off an answer that was asked for with them; its fields then speak of
    /// what is handed out.
    fn decoded(&self, wire: &Wire, head: &mut Head, body: Body, cap_bytes: usize) -> Body {
        let has_content = wire.method != http::Method::HEAD
            && head.status != http::StatusCode::NO_CONTENT
            && head.status != http::StatusCode::NOT_MODIFIED;
        if !wire.decodes || !has_content {
            return body;
        }
        let caps = Caps {
            size_bytes: cap_bytes as u64,
            ratio: self.client.plan().decode_ratio,
        };
        let Some(decoder) = Decoder::for_fields(&head.headers, caps) else {
            return body;
        };
        head.headers.remove(http::header::CONTENT_ENCODING);
        head.headers.remove(http::header::CONTENT_LENGTH);
        body.decoded_by(decoder)
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
        let sent = Cell::new(Sent::No);
        let status = Cell::new(None);
        let received = pin!(async {
            let (mut head, body) =
                transport::exchange(self.client.plan(), &key, wire, self.asks, &sent).await?;
            status.set(Some(head.status.as_u16()));
            let body = body.capped(body_cap_bytes)?;
            let body = self.decoded(wire, &mut head, body, body_cap_bytes);
            match delivery {
                Delivery::Open => Ok(Received { head, body }),
                Delivery::Sink(sink) if head.status.as_u16() < 400 => {
                    self.pour(body, sink).await?;
                    let body = Body::of_bytes(Bytes::new());
                    Ok(Received { head, body })
                }
                Delivery::Whole | Delivery::Sink(_) => {
                    let body = Body::of_bytes(body.whole().await?);
                    Ok(Received { head, body })
                }
            }
        });
        let in_time = pin!(run::within(timeout, received));
        let outcome = match self.asks.unless_stopped(in_time).await {
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
        };
        outcome.map_err(|failure| match status.get() {
            Some(status) => failure.after_head(status),
            None => failure,
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
