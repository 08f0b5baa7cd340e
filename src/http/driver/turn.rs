//! When an attempt that may be made begins: its turn with the throttle.
//!
//! The turn is last, so that what has it is sent: one that was taken and then waits for an identity
//! provider, a place or a connection comes to the vendor late, next to somebody else's. Token, place
//! and connection are had before. Of several turns that an attempt waits for, the
//! connection's own is the last, so that its rate holds to the moment; a route's holds where its
//! attempts leave the queue. Where all hosts share breaker and throttle, their server is asked for
//! both in that last step, and the segment stands in while it is away. Waiting never takes what the
//! attempt itself needs of the deadline.

use std::sync::Arc;
use std::time::Duration;

use super::Call;
use crate::clock::{self, Monotonic};
use crate::http::hosts::{self, Entry, Hosts};
use crate::http::permit::Permit;
use crate::http::transport::{Ready, Wire};
use crate::http::{CallError, CallErrorKind, Sent};
use crate::policy::breaker::State;
use crate::policy::throttle;
use crate::telemetry::Counter;

/// An attempt gets at least this part of its timeout: one cut shorter by our own wait would be
/// counted as the vendor's failure.
const ATTEMPT_SHARE: u32 = 10;
/// Who wakes up later than this after its turn takes another one: late, it would come to the vendor
/// next to somebody else.
const LATE_MAX: Duration = Duration::from_millis(10);
/// Turns that are taken for one attempt, on a host that is too busy to keep any.
const TAKES_MAX: u32 = 3;

impl Call<'_> {
    /// Waits until the attempt may begin, over the connection that is `ready` where there is one;
    /// `has_waited` says whether the permit is older than its place.
    ///
    /// # Errors
    /// When it would have to wait too long, the wait was stopped, or the breaker opened meanwhile.
    pub(super) async fn turn(
        &self,
        wire: &Wire,
        permit: &mut Permit<'_>,
        ready: &mut Option<Box<Ready>>,
        mut has_waited: bool,
    ) -> Result<(), CallError> {
        let hosts = self.hosts().await;
        if self.client.plan().throttle.is_some() || hosts.is_some() {
            has_waited |= self.throttled(wire, hosts.as_ref(), permit, ready).await?;
        }
        if has_waited && !permit.stands() {
            return Err(self.breaker_open(Duration::ZERO));
        }
        Ok(())
    }

    /// The same at once or not at all: for a hedge, which is not worth a wait.
    pub(super) fn turn_now(&self, wire: &Wire, permit: &mut Permit<'_>) -> bool {
        let hosts = self.client.hosts().get().and_then(Option::as_ref);
        let now = clock::monotonic();
        let limit = self.client.plan().concurrency;
        limit.is_none_or(|limit| permit.take_place(&limit, self.lease(), now))
            && QUEUES.iter().all(|queue| {
                let turn = self.take(wire, hosts, *queue, (now, Duration::ZERO), permit);
                matches!(turn, Turn::After(_))
            })
    }

    /// Waits for each of the throttle's turns; whether there was anything to wait for.
    async fn throttled(
        &self,
        wire: &Wire,
        hosts: Option<&Arc<Hosts>>,
        permit: &mut Permit<'_>,
        ready: &mut Option<Box<Ready>>,
    ) -> Result<bool, CallError> {
        let throttle = self.client.plan().throttle.as_ref();
        let mut left = throttle.map_or(Duration::ZERO, |throttle| throttle.mode.max_wait());
        let mut has_waited = false;
        for queue in QUEUES {
            let mut takes = 0;
            loop {
                let now = clock::monotonic();
                let max_wait = left.min(self.waitable(now));
                let wait = match self.take(wire, hosts, queue, (now, max_wait), permit) {
                    Turn::After(wait) => wait,
                    // It had its turn, and this process let it pass.
                    Turn::TooLate(_) if takes > 0 => break,
                    Turn::TooLate(retry_after) => return Err(self.too_late(retry_after)),
                    Turn::Open(retry_after) => return Err(self.breaker_open(retry_after)),
                };
                if wait.is_zero() {
                    break;
                }
                has_waited = true;
                self.wait(wait)
                    .await
                    .map_err(|failure| self.failed(failure))?;
                left = left.saturating_sub(wait);
                takes += 1;
                let is_kept = ready.as_mut().is_none_or(|ready| ready.is_alive());
                if !is_kept {
                    // What fails here is said by the attempt itself.
                    *ready = self.ahead(wire).await.ok().flatten();
                }
                let late = clock::monotonic().since(now.saturating_add(wait));
                let is_in_time = late <= LATE_MAX || hosts.is_some() && is_kept;
                if is_in_time || takes >= TAKES_MAX {
                    break;
                }
            }
        }
        Ok(has_waited)
    }

    fn too_late(&self, retry_after: Duration) -> CallError {
        self.client.count(Counter::RefusedByThrottle);
        let message = "calls to the vendor are throttled, and the next turn comes too late";
        self.throttled_error(message, Some(retry_after))
    }

    /// What holds for all hosts, where the connection says so and its server is known.
    async fn hosts(&self) -> Option<Arc<Hosts>> {
        let plan = self.client.plan();
        let address = plan.shared.as_ref()?;
        if let Some(known) = self.client.hosts().get() {
            return known.clone();
        }
        // What cannot be read now is asked for again by the next attempt.
        let address = self.asks.secret(address).await.ok()?;
        let address = std::str::from_utf8(address.expose()).ok()?;
        let hosts = Hosts::new(address, plan).ok().map(Arc::new);
        self.client.hosts().get_or_init(|| hosts).clone()
    }

    /// Takes the next turn of one queue, if the attempt has anything to do with it.
    fn take(
        &self,
        wire: &Wire,
        hosts: Option<&Arc<Hosts>>,
        queue: Queue,
        (now, max_wait): (Monotonic, Duration),
        permit: &mut Permit<'_>,
    ) -> Turn {
        let connection = self.client.connection();
        let throttle = self.client.plan().throttle.as_ref();
        let of_segment = match queue {
            Queue::Route => {
                let route = throttle.and_then(|throttle| self.route(throttle, wire));
                let Some(route) = route else {
                    return Turn::NONE;
                };
                let shared = hosts.and_then(|hosts| of_hosts(hosts, route.1, max_wait));
                if let Some(turn) = shared {
                    return turn;
                }
                connection.throttle_take_route(route, now, max_wait)
            }
            // In the last step, with the rest of what all hosts share.
            Queue::Announced if hosts.is_some_and(|hosts| !hosts.is_away()) => return Turn::NONE,
            Queue::Announced if throttle.is_some_and(|throttle| throttle.announced) => {
                connection.throttle_take_announced(now, max_wait)
            }
            Queue::Announced => return Turn::NONE,
            Queue::Connection => {
                let rate = throttle.and_then(|throttle| throttle.rate);
                let entered =
                    hosts.and_then(|hosts| self.enter(hosts, rate, (now, max_wait), permit));
                match (entered, rate) {
                    (Some(turn), _) => return turn,
                    (None, None) => return Turn::NONE,
                    (None, Some(rate)) => connection.throttle_take(rate, now, max_wait),
                }
            }
        };
        of_segment.map_or_else(|refused| Turn::TooLate(refused.retry_after), Turn::After)
    }

    /// The breaker and the throttle of all hosts, in one step; `None` while their server is away.
    fn enter(
        &self,
        hosts: &Arc<Hosts>,
        rate: Option<throttle::Rate>,
        (now, max_wait): (Monotonic, Duration),
        permit: &mut Permit<'_>,
    ) -> Option<Turn> {
        let breaker = self.client.plan().breaker;
        let throttle = self.client.plan().throttle.as_ref();
        let queue = hosts::Queue {
            route: "",
            rate,
            is_announced: throttle.is_some_and(|throttle| throttle.announced),
        };
        Some(match hosts.enter(breaker.as_ref(), queue, max_wait)? {
            Entry::Pass(entered) => {
                let wait = entered.wait;
                permit.share(Arc::clone(hosts), entered);
                Turn::After(wait)
            }
            Entry::Open(left) => {
                if let Some(options) = &breaker {
                    let known = (State::Open, left);
                    let connection = self.client.connection();
                    connection.breaker_follow(options, known, now);
                }
                Turn::Open(left)
            }
            Entry::Probing(left) => Turn::Open(left),
            Entry::Throttled(after) => Turn::TooLate(after),
        })
    }

    fn route<'plan>(
        &self,
        throttle: &'plan throttle::Options,
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

    /// How long an attempt may be waited for.
    pub(super) fn waitable(&self, now: Monotonic) -> Duration {
        let needed = self.attempt_timeout() / ATTEMPT_SHARE;
        self.deadline.remaining(now).saturating_sub(needed)
    }

    pub(super) fn attempt_timeout(&self) -> Duration {
        let own = self.client.plan().timeouts.attempt;
        self.request.attempt.unwrap_or(own)
    }

    pub(super) fn throttled_error(
        &self,
        message: &str,
        retry_after: Option<Duration>,
    ) -> CallError {
        let mut error = self.error(CallErrorKind::Throttled, Sent::No, message.to_owned());
        error.retry_after = retry_after;
        error
    }
}

/// A route's turn in the throttle of all hosts; `None` while their server is away.
fn of_hosts(hosts: &Hosts, route: &throttle::Route, max_wait: Duration) -> Option<Turn> {
    let queue = hosts::Queue {
        route: &route.name,
        rate: Some(route.rate),
        is_announced: false,
    };
    Some(match hosts.enter(None, queue, max_wait)? {
        Entry::Pass(entered) => Turn::After(entered.wait),
        Entry::Open(after) | Entry::Probing(after) | Entry::Throttled(after) => {
            Turn::TooLate(after)
        }
    })
}

/// Where an attempt queues.
#[derive(Clone, Copy)]
enum Queue {
    Route,
    Announced,
    Connection,
}

/// In this order: the connection's own turn is the one that holds to the moment.
const QUEUES: [Queue; 3] = [Queue::Route, Queue::Announced, Queue::Connection];

/// What a queue says.
enum Turn {
    /// Its turn comes after so long.
    After(Duration),
    /// It comes too late: after so long.
    TooLate(Duration),
    /// The breaker of all hosts is open, for so long.
    Open(Duration),
}

impl Turn {
    /// Nothing to wait for.
    const NONE: Self = Self::After(Duration::ZERO);
}
