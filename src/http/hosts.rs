//! What holds for all hosts: throttle and breaker in a Redis server, where a connection says
//! `shared`.
//!
//! Two scripts: `enter.lua` asks for the breaker's permit and the throttle's turn in one step,
//! `record.lua` says what came of the attempt. Time is the server's. The server is asked for no
//! longer than [`TIMEOUTS`]; where it is away it is left alone for [`AWAY`], and what the segment
//! knows holds in its stead, for this host alone: that costs calls to a vendor that is down, never
//! correctness. The segment's breaker follows what the server says, so that an open one refuses
//! without a question and every worker and dashboard sees it.
//!
//! Links are kept for each server and process, at most [`LINKS_MAX`]; a fork opens its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::Script;

use crate::clock::{self, Monotonic};
use crate::options::Plan;
use crate::policy::breaker::{Options, Outcome, State, Window};
use crate::policy::throttle::Rate;
use crate::store::StoreError;
use crate::store::redis::{Link, LinkTimeouts, Repeat};

/// A call waits no longer than this for a server that decides about its milliseconds.
const TIMEOUTS: LinkTimeouts = LinkTimeouts {
    connect: Duration::from_millis(200),
    answer: Duration::from_millis(200),
};
/// A server that was away is asked again after so long.
const AWAY: Duration = Duration::from_secs(1);
/// Servers that a process keeps a link to.
const LINKS_MAX: usize = 16;
/// A lock that is not had in this time was held across a fork.
const LOCK_MAX: Duration = Duration::from_millis(10);

static LINKS: Mutex<Vec<(String, Arc<Server>)>> = Mutex::new(Vec::new());

struct Server {
    link: Link,
    enter: Script,
    record: Script,
    /// Nanoseconds since boot until which it is left alone.
    away_until: AtomicU64,
}

/// One connection's part of a server.
pub(super) struct Hosts {
    server: Arc<Server>,
    /// `{namespace:connection}`: the braces keep its keys on one node of a cluster.
    prefix: String,
}

/// The right to make one attempt, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    /// How long until the attempt's turn comes.
    pub(super) wait: Duration,
    epoch: i64,
    /// Empty where it is no probe.
    token: String,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It may begin.
    Pass(Entered),
    /// The breaker is open for so long.
    Open(Duration),
    /// It is half-open, and all probes are under way.
    Probing(Duration),
    /// The turn comes after so long, which is too late.
    Throttled(Duration),
}

/// What the breaker does now, and for how long it stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) state: State,
    pub(super) left: Duration,
    /// Whether this attempt opened it.
    pub(super) has_opened: bool,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hosts({})", self.server.link.name())
    }
}

impl Hosts {
    /// The connection's part of the server at this address.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub(super) fn new(url: &str, plan: &Plan) -> Result<Self, StoreError> {
        Ok(Self {
            server: server(url)?,
            prefix: format!("causeway:{{{}:{}}}", plan.namespace, plan.name),
        })
    }

    /// Asks whether an attempt may begin; `None` while the server is away. `route` names the
    /// throttle, the connection's own where it is empty.
    pub(super) fn enter(
        &self,
        breaker: Option<&Options>,
        throttle: Option<(&str, Rate)>,
        max_wait: Duration,
    ) -> Option<Entry> {
        let (route, rate) = throttle.map_or(("", None), |(route, rate)| (route, Some(rate)));
        let token = breaker.map_or_else(String::new, |_| hex::encode(clock::random_bytes::<16>()));
        let (what, time, epoch, is_probe): (String, u64, i64, i64) =
            self.server.run(&self.server.enter, |script| {
                script.key(self.key("breaker"));
                script.key(self.key("probes"));
                script.key(self.key(&format!("throttle:{route}")));
                script.arg(breaker.map_or(0, |options| millis(options.open())));
                script.arg(breaker.map_or(0, Options::probes));
                script.arg(breaker.map_or(0, |options| millis(options.probe_lease())));
                script.arg(&token);
                script.arg(rate.map_or(0, |rate| micros(rate.interval())));
                script.arg(rate.map_or(1, |rate| rate.burst()));
                script.arg(micros(max_wait));
            })?;
        match what.as_str() {
            "pass" => Some(Entry::Pass(Entered {
                wait: Duration::from_micros(time),
                epoch,
                token: if is_probe == 1 { token } else { String::new() },
            })),
            "open" => Some(Entry::Open(Duration::from_millis(time))),
            "probing" => Some(Entry::Probing(Duration::from_millis(time))),
            "throttled" => Some(Entry::Throttled(Duration::from_micros(time))),
            _ => None,
        }
    }

    /// Says what an attempt came to; `None` while the server is away.
    pub(super) fn record(
        &self,
        options: &Options,
        entered: &Entered,
        (outcome, took): (Outcome, Duration),
    ) -> Option<Shown> {
        let sample = options.sample(outcome, took);
        let (rate_ppm, slow_ppm) = options.rates_ppm();
        let (window_ms, window_calls) = match options.window() {
            Window::Time(span) => (millis(span), 0),
            Window::Calls(calls) => (0, calls),
        };
        let (state, left_ms, _, has_opened): (String, u64, i64, i64) =
            self.server.run(&self.server.record, |script| {
                script.key(self.key("breaker"));
                script.key(self.key("probes"));
                script.key(self.key("window"));
                script.arg(entered.epoch);
                script.arg(&entered.token);
                script.arg(match sample {
                    None => "i",
                    Some(sample) if sample.has_failed => "f",
                    Some(_) => "s",
                });
                script.arg(u8::from(sample.is_some_and(|sample| sample.is_slow)));
                script.arg(rate_ppm);
                script.arg(slow_ppm);
                script.arg(options.min_calls());
                script.arg(options.probes());
                script.arg(millis(options.open()));
                script.arg(window_ms);
                script.arg(window_calls);
            })?;
        Some(Shown {
            state: match state.as_str() {
                "open" => State::Open,
                "half_open" => State::HalfOpen,
                _ => State::Closed,
            },
            left: Duration::from_millis(left_ms),
            has_opened: has_opened == 1,
        })
    }

    fn key(&self, part: &str) -> String {
        format!("{}:{part}", self.prefix)
    }
}

impl Server {
    /// Runs a script once: neither permit nor turn may be taken twice where an answer was lost.
    fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        fill: impl Fn(&mut redis::ScriptInvocation<'_>),
    ) -> Option<T> {
        let now = clock::monotonic();
        if now < Monotonic::from_nanos(self.away_until.load(Ordering::Relaxed)) {
            return None;
        }
        let answer = self.link.run(Repeat::Never, |connection| {
            let mut invocation = script.prepare_invoke();
            fill(&mut invocation);
            invocation.invoke(connection)
        });
        answer
            .inspect_err(|_| {
                let until = now.saturating_add(AWAY).as_nanos();
                self.away_until.store(until, Ordering::Relaxed);
            })
            .ok()
    }
}

/// The process's link to this server; one of its own where too many are kept.
fn server(url: &str) -> Result<Arc<Server>, StoreError> {
    let Some(mut links) = LINKS.try_lock_for(LOCK_MAX) else {
        return make(url);
    };
    if let Some((_, server)) = links.iter().find(|(known, _)| known == url) {
        return Ok(Arc::clone(server));
    }
    let server = make(url)?;
    if links.len() < LINKS_MAX {
        links.push((url.to_owned(), Arc::clone(&server)));
    }
    Ok(server)
}

fn make(url: &str) -> Result<Arc<Server>, StoreError> {
    Ok(Arc::new(Server {
        link: Link::new(url, TIMEOUTS)?,
        enter: Script::new(include_str!("hosts/enter.lua")),
        record: Script::new(include_str!("hosts/record.lua")),
        away_until: AtomicU64::new(0),
    }))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn micros(span: Duration) -> u64 {
    // Rounded up: never faster than was asked for.
    u64::try_from(span.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
