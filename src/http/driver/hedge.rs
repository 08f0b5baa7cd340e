//! A late attempt is joined by a second one, and the first usable answer counts.
//!
//! The rule for when is [`policy::hedge`](crate::policy::hedge). The second takes a permit, a turn
//! and a budget token, all at once or it is not made; its connection it has by then. Whichever answer comes first and says that
//! the vendor is well ends the attempt; a failure waits for the other. What is left over is dropped,
//! which closes its socket and counts for nothing.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::{Call, Delivery};
use crate::clock;
use crate::http::failure::FailureKind;
use crate::http::outcome::{self, Outcome};
use crate::http::permit::Permit;
use crate::http::transport::{Ready, Wire};
use crate::http::{Content, run};
use crate::policy::breaker;
use crate::policy::{hedge, retry};
use crate::telemetry::Counter;

impl Call<'_> {
    /// Sends once, or twice where the first answer is late.
    pub(super) async fn send_hedged(
        &self,
        wire: &Wire,
        permit: Permit<'_>,
        ready: Option<Box<Ready>>,
    ) -> Outcome {
        let Some(delay) = self.hedge_delay() else {
            return self.send_recorded(wire, permit, ready).await;
        };
        let mut first = pin!(self.send_recorded(wire, permit, ready));
        if let Some(outcome) = run::within(delay, first.as_mut()).await {
            return outcome;
        }
        let second = pin!(self.second(wire));
        first_usable(first, second).await
    }

    /// The second attempt; `None` where it is not made.
    async fn second(&self, wire: &Wire) -> Option<Outcome> {
        if !self.may_repeat() {
            return None;
        }
        let ready = match self.ahead(wire).await {
            Ok(ready) => ready,
            Err(failure) if is_a_stop(failure.kind) => return Some(Err(failure)),
            Err(_) => return None,
        };
        let permit = self.hedge_permit(wire)?;
        self.count_attempt(Counter::Hedges);
        Some(self.send_recorded(wire, permit, ready).await)
    }

    /// How long the first attempt is waited for; `None` where there is to be no second one.
    fn hedge_delay(&self) -> Option<Duration> {
        let options = self.client.plan().hedge?;
        let is_repeatable = self.request.is_repeatable
            || self.intent_key().is_some()
            || retry::is_idempotent(&self.request.method);
        let is_whole = self.delivery == Delivery::Whole
            && !matches!(self.request.content, Content::Streamed { .. });
        if !is_repeatable || !is_whole {
            return None;
        }
        match options {
            hedge::Options::After(delay) => Some(delay),
            hedge::Options::Percentile(_) => {
                hedge::delay(options, &self.client.connection().latencies())
            }
        }
    }

    /// The right to make the second attempt, if it can be had at once.
    fn hedge_permit(&self, wire: &Wire) -> Option<Permit<'_>> {
        let mut permit = Permit::take(self.client, clock::monotonic()).ok()?;
        (self.turn_now(wire, &mut permit) && self.buy_retry()).then_some(permit)
    }
}

/// The outcome that comes first and is no failure of the vendor's; else the one that comes last. The
/// second may come to nothing.
async fn first_usable<F, S>(mut first: Pin<&mut F>, mut second: Pin<&mut S>) -> Outcome
where
    F: Future<Output = Outcome>,
    S: Future<Output = Option<Outcome>>,
{
    let (mut is_first_over, mut is_second_over) = (false, false);
    let mut last = None;
    poll_fn(|context| {
        if !is_first_over && let Poll::Ready(outcome) = first.as_mut().poll(context) {
            if is_final(&outcome) || is_second_over {
                return Poll::Ready(outcome);
            }
            is_first_over = true;
            last = Some(outcome);
        }
        if !is_second_over && let Poll::Ready(second) = second.as_mut().poll(context) {
            is_second_over = true;
            match second {
                Some(outcome) if is_final(&outcome) || is_first_over => {
                    return Poll::Ready(outcome);
                }
                Some(_) => {}
                None => {
                    if let Some(outcome) = last.take() {
                        return Poll::Ready(outcome);
                    }
                }
            }
        }
        Poll::Pending
    })
    .await
}

/// Whether an outcome is worth no wait for another.
fn is_final(outcome: &Outcome) -> bool {
    match outcome {
        Ok(_) => outcome::for_breaker(outcome) == breaker::Outcome::Success,
        Err(failure) => is_a_stop(failure.kind) || failure.kind == FailureKind::Limit,
    }
}

/// Whether the caller wants no more of it.
fn is_a_stop(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Interrupted | FailureKind::Paused)
}
