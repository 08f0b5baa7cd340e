//! When an attempt that may be made begins: its turn with the throttle, then a place among those
//! under way.
//!
//! The token is fetched before: a turn that was taken and then waits for an identity provider comes
//! to the vendor late, next to somebody else's. Of several turns that an attempt waits for, the
//! connection's own is the last, so that its rate holds to the moment; a route's holds where its
//! attempts leave the queue. Waiting never takes what the attempt itself needs of the deadline.

use std::time::Duration;

use super::Call;
use crate::clock::{self, Monotonic};
use crate::http::permit::Permit;
use crate::http::transport::Wire;
use crate::http::{CallError, CallErrorKind, Sent};
use crate::policy::throttle::{Options as Throttle, Refused};
use crate::policy::{concurrency, throttle};
use crate::telemetry::Counter;

/// An attempt gets at least this part of its timeout: one cut shorter by our own wait would be
/// counted as the vendor's failure.
const ATTEMPT_SHARE: u32 = 10;
/// A place outlasts its attempt by so much.
const LEASE_EXTRA: Duration = Duration::from_secs(1);

impl Call<'_> {
    /// Waits until the attempt may begin.
    ///
    /// # Errors
    /// When it would have to wait too long, the wait was stopped, or the breaker opened meanwhile.
    pub(super) async fn turn(&self, wire: &Wire, permit: &mut Permit<'_>) -> Result<(), CallError> {
        let plan = self.client.plan();
        let mut has_waited = false;
        if let Some(throttle) = &plan.throttle {
            has_waited |= self.throttled(throttle, wire).await?;
        }
        if let Some(limit) = &plan.concurrency {
            has_waited |= self.place(limit, permit).await?;
        }
        if has_waited && !permit.stands() {
            return Err(self.breaker_open(Duration::ZERO));
        }
        Ok(())
    }

    /// The same at once or not at all: for a hedge, which is not worth a wait.
    pub(super) fn turn_now(&self, wire: &Wire, permit: &mut Permit<'_>) -> bool {
        let plan = self.client.plan();
        let now = clock::monotonic();
        let has_turn = plan.throttle.as_ref().is_none_or(|throttle| {
            let queues = [Queue::Route, Queue::Announced, Queue::Connection];
            queues.iter().all(|queue| {
                self.take(throttle, wire, *queue, now, Duration::ZERO)
                    .is_ok()
            })
        });
        has_turn
            && plan
                .concurrency
                .is_none_or(|limit| permit.take_place(&limit, self.lease(), now))
    }

    /// Waits for each of the throttle's turns; whether there was anything to wait for.
    async fn throttled(&self, throttle: &Throttle, wire: &Wire) -> Result<bool, CallError> {
        let mut left = throttle.mode.max_wait();
        let mut has_waited = false;
        for queue in [Queue::Route, Queue::Announced, Queue::Connection] {
            let now = clock::monotonic();
            let max_wait = left.min(self.waitable(now));
            let wait = self
                .take(throttle, wire, queue, now, max_wait)
                .map_err(|refused| {
                    self.client.count(Counter::RefusedByThrottle);
                    let message =
                        "calls to the vendor are throttled, and the next turn comes too late";
                    self.throttled_error(message, Some(refused.retry_after))
                })?;
            if !wait.is_zero() {
                has_waited = true;
                self.wait(wait)
                    .await
                    .map_err(|failure| self.failed(failure))?;
                left = left.saturating_sub(wait);
            }
        }
        Ok(has_waited)
    }

    /// Takes the next turn of one queue, if the attempt has anything to do with it.
    fn take(
        &self,
        throttle: &Throttle,
        wire: &Wire,
        queue: Queue,
        now: Monotonic,
        max_wait: Duration,
    ) -> Result<Duration, Refused> {
        let connection = self.client.connection();
        match queue {
            Queue::Route => self
                .route(throttle, wire)
                .map_or(Ok(Duration::ZERO), |route| {
                    connection.throttle_take_route(route, now, max_wait)
                }),
            Queue::Announced if throttle.announced => {
                connection.throttle_take_announced(now, max_wait)
            }
            Queue::Announced => Ok(Duration::ZERO),
            Queue::Connection => throttle.rate.map_or(Ok(Duration::ZERO), |rate| {
                connection.throttle_take(rate, now, max_wait)
            }),
        }
    }

    fn route<'plan>(
        &self,
        throttle: &'plan Throttle,
        wire: &Wire,
    ) -> Option<(usize, &'plan throttle::Route)> {
        if throttle.routes.is_empty() {
            return None;
        }
        let base = &self.client.plan().base_uri;
        let path = wire.url.path().strip_prefix(base.path())?;
        (wire.url.origin() == base.origin())
            .then(|| throttle.route(path))
            .flatten()
    }

    /// Looks for a place until there is one; whether that took more than one look.
    async fn place(
        &self,
        limit: &concurrency::Options,
        permit: &mut Permit<'_>,
    ) -> Result<bool, CallError> {
        let mut waited = Duration::ZERO;
        for vain in 0.. {
            let now = clock::monotonic();
            if permit.take_place(limit, self.lease(), now) {
                return Ok(vain > 0);
            }
            let left = limit
                .max_wait
                .saturating_sub(waited)
                .min(self.waitable(now));
            if left.is_zero() {
                break;
            }
            let look = concurrency::look_after(vain).min(left);
            self.wait(look)
                .await
                .map_err(|failure| self.failed(failure))?;
            waited = waited.saturating_add(look);
        }
        self.client.count(Counter::RefusedByLimit);
        let message = format!(
            "{} attempts are under way, and no place came free in time",
            limit.max
        );
        Err(self.throttled_error(&message, None))
    }

    /// How long an attempt may be waited for.
    fn waitable(&self, now: Monotonic) -> Duration {
        let needed = self.attempt_timeout() / ATTEMPT_SHARE;
        self.deadline.remaining(now).saturating_sub(needed)
    }

    fn lease(&self) -> Duration {
        self.attempt_timeout().saturating_add(LEASE_EXTRA)
    }

    pub(super) fn attempt_timeout(&self) -> Duration {
        let own = self.client.plan().timeouts.attempt;
        self.request.attempt.unwrap_or(own)
    }

    fn throttled_error(&self, message: &str, retry_after: Option<Duration>) -> CallError {
        let mut error = self.error(CallErrorKind::Throttled, Sent::No, message.to_owned());
        error.retry_after = retry_after;
        error
    }
}

/// Where an attempt queues.
#[derive(Clone, Copy)]
enum Queue {
    Route,
    Announced,
    Connection,
}
