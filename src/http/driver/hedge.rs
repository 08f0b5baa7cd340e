//! A late attempt is joined by a second one, and the first usable answer counts.
//!
//! The rule for when is [`policy::hedge`](crate::policy::hedge). The second takes a permit, a turn
//! and a budget token, all at once or it is not made. Whichever answer comes first and says that
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
use crate::http::transport::Wire;
use crate::http::{Content, run};
use crate::policy::breaker;
use crate::policy::{hedge, retry};
use crate::telemetry::Counter;

impl Call<'_> {
    /// Sends once, or twice where the first answer is late.
    pub(super) async fn send_hedged(&self, wire: &Wire, permit: Permit<'_>) -> Outcome {
        let Some(delay) = self.hedge_delay() else {
            return self.send_recorded(wire, permit).await;
        };
        let mut first = pin!(self.send_recorded(wire, permit));
        if let Some(outcome) = run::within(delay, first.as_mut()).await {
            return outcome;
        }
        match self.hedge_permit(wire) {
            None => first.await,
            Some(permit) => {
                self.count_attempt(Counter::Hedges);
                let second = pin!(self.send_recorded(wire, permit));
                first_usable(first, second).await
            }
        }
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
        if !self.may_repeat() {
            return None;
        }
        let mut permit = Permit::take(self.client, clock::monotonic()).ok()?;
        (self.turn_now(wire, &mut permit) && self.buy_retry()).then_some(permit)
    }
}

/// The outcome that comes first and is no failure of the vendor's; else the one that comes last.
async fn first_usable<F: Future<Output = Outcome>, S: Future<Output = Outcome>>(
    mut first: Pin<&mut F>,
    mut second: Pin<&mut S>,
) -> Outcome {
    let mut ended = [false; 2];
    poll_fn(|context| {
        for place in 0..2 {
            let Some(is_over) = ended.get_mut(place).filter(|is_over| !**is_over) else {
                continue;
            };
            let polled = match place {
                0 => first.as_mut().poll(context),
                _ => second.as_mut().poll(context),
            };
            let Poll::Ready(outcome) = polled else {
                continue;
            };
            *is_over = true;
            if is_final(&outcome) || ended == [true; 2] {
                return Poll::Ready(outcome);
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
        Err(failure) => matches!(
            failure.kind,
            FailureKind::Interrupted | FailureKind::Paused | FailureKind::Limit
        ),
    }
}
