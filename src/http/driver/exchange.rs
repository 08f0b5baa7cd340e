//! One exchange on the wire: its time, the redirects it follows, and the answer's content.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;

use super::{Call, Delivery, OUT_OF_TIME, ending};
use crate::clock;
use crate::http::decode::{Caps, Decoder};
use crate::http::failure::{Failure, FailureKind};
use crate::http::outcome::Outcome;
use crate::http::transport::{self, Body, Head, Ready, Received, Wire};
use crate::http::{Content, Sent, guard, redirect, run};

/// What bounds an exchange.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Terms {
    pub(in crate::http) timeout: Duration,
    pub(in crate::http) body_cap_bytes: usize,
    pub(in crate::http) delivery: Delivery,
    /// Redirects that are followed.
    pub(in crate::http) redirects: u32,
}

/// The content of a redirect is read to its end up to this size, so that its socket serves again.
const REDIRECT_BODY_BYTES: usize = 16 * 1024;

impl Call<'_> {
    /// Sends, and reads the answer as far as it is wanted, all within the timeout.
    pub(in crate::http) async fn exchange(
        &self,
        wire: &Wire,
        ready: Option<Box<Ready>>,
        terms: Terms,
    ) -> Outcome {
        let timeout = self
            .deadline
            .for_attempt(terms.timeout, clock::monotonic())
            .ok_or_else(|| Failure::new(FailureKind::Timeout, Sent::No, OUT_OF_TIME))?;
        let sent = Cell::new(Sent::No);
        let status = Cell::new(None);
        let received = pin!(async {
            let (mut head, body, hop) =
                self.redirected(wire, ready, &sent, terms.redirects).await?;
            status.set(Some(head.status.as_u16()));
            let wire = hop.as_ref().unwrap_or(wire);
            let body = body.capped(terms.body_cap_bytes)?;
            let body = self.decoded(wire, &mut head, body, terms.body_cap_bytes);
            match terms.delivery {
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

    /// Sends, and goes where the answers lead; the last answer, and the request that it answers
    /// where that is not the first. Once redirected, the request was surely sent.
    async fn redirected(
        &self,
        wire: &Wire,
        mut ready: Option<Box<Ready>>,
        sent: &Cell<Sent>,
        redirects: u32,
    ) -> Result<(Head, Body, Option<Wire>), Failure> {
        let mut hop: Option<Wire> = None;
        for hops in 0..=redirects {
            let at = hop.as_ref().unwrap_or(wire);
            let key = self.client.transport_key(&at.url);
            let of_hop = Cell::new(Sent::No);
            let so_far = if hops == 0 { sent } else { &of_hop };
            let plan = self.client.plan();
            let exchanged =
                transport::exchange(plan, key, ready.take(), at, self.asks, so_far).await;
            let (head, body) = exchanged.map_err(|failure| known_sent(failure, hops))?;
            let next = (redirects > 0).then(|| redirect::next(at, &head)).flatten();
            let Some(next) = next.filter(can_be_sent_again) else {
                return Ok((head, body, hop));
            };
            guard::check_literal(plan.address, &next.url).map_err(|refused| {
                Failure::new(FailureKind::AddressRefused, Sent::Yes, refused.to_string())
            })?;
            if let Content::Streamed { source, .. } = next.content {
                self.rewind(source).await?;
            }
            if let Ok(body) = body.capped(REDIRECT_BODY_BYTES) {
                let _ = body.whole().await;
            }
            hop = Some(next);
        }
        let message = format!("the vendor redirected more than {redirects} times");
        Err(Failure::new(FailureKind::Limit, Sent::Yes, message))
    }

    /// Puts a streamed content back to its start.
    pub(super) async fn rewind(&self, source: usize) -> Result<(), Failure> {
        self.asks.rewind(source).await.map_err(|reason| {
            let message = format!("the content cannot be sent again: {reason}");
            Failure::new(FailureKind::BadRequest, Sent::Maybe, message)
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
}

/// What failed behind a redirect fails a request that was answered.
fn known_sent(mut failure: Failure, hops: u32) -> Failure {
    if hops > 0 {
        failure.sent = Sent::Yes;
    }
    failure
}

/// A content that cannot go back to its start cannot follow a redirect.
fn can_be_sent_again(wire: &Wire) -> bool {
    match &wire.content {
        Content::Streamed { is_repeatable, .. } => *is_repeatable,
        Content::Empty | Content::Whole(_) => true,
    }
}
