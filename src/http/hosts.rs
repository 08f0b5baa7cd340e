//! What holds for all hosts: throttle, breaker and the vendor's announced limits in a Redis server,
//! where a connection says `shared`.
//!
//! Two scripts: `enter.lua` asks for the breaker's permit and the throttle's turn in one step,
//! `record.lua` says what came of the attempt, and what the vendor announced with it. That costs no
//! question of its own; only where there is no breaker, and so nothing else to record, is one asked
//! while a limit is near. Time is the server's. Where it is away (`server.rs`), what the segment
//! knows holds in its stead, for this host alone: that costs calls to a vendor that is down, never
//! correctness. The segment's breaker follows what the server says, so that an open one refuses
//! without a question and every worker and dashboard sees it.

mod server;

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::options::Plan;
use crate::policy::breaker::{Options, Outcome, State, Window};
use crate::policy::throttle::{Announced, Rate};
use crate::store::StoreError;
use server::{Server, server};

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
    /// Whether an announced limit slows calls down.
    is_paced: bool,
}

/// What the throttle is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue<'a> {
    /// The connection's own rate where it is empty.
    pub(super) route: &'a str,
    pub(super) rate: Option<Rate>,
    /// Whether the vendor's announced limits count.
    pub(super) is_announced: bool,
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

/// What the vendor announced: a pace, or that there is plenty left.
pub(super) type Word = Option<Announced>;

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

    /// Whether the server is left alone, because it was away a moment ago.
    pub(super) fn is_away(&self) -> bool {
        self.server.is_away(clock::monotonic())
    }

    /// Asks whether an attempt may begin; `None` while the server is away.
    pub(super) fn enter(
        &self,
        breaker: Option<&Options>,
        queue: Queue<'_>,
        max_wait: Duration,
    ) -> Option<Entry> {
        let rate = queue.rate;
        let token = breaker.map_or_else(String::new, |_| hex::encode(clock::random_bytes::<16>()));
        let (what, time, epoch, is_probe, is_paced): (String, u64, i64, i64, i64) =
            self.server.run(&self.server.enter, |script| {
                script.key(self.key("breaker"));
                script.key(self.key("probes"));
                script.key(self.key(&format!("throttle:{}", queue.route)));
                script.key(self.key("announced"));
                script.arg(breaker.map_or(0, |options| millis(options.open())));
                script.arg(breaker.map_or(0, Options::probes));
                script.arg(breaker.map_or(0, |options| millis(options.probe_lease())));
                script.arg(&token);
                script.arg(rate.map_or(0, |rate| micros(rate.interval())));
                script.arg(rate.map_or(1, |rate| rate.burst()));
                script.arg(micros(max_wait));
                script.arg(u8::from(queue.is_announced));
            })?;
        match what.as_str() {
            "pass" => Some(Entry::Pass(Entered {
                wait: Duration::from_micros(time),
                epoch,
                token: if is_probe == 1 { token } else { String::new() },
                is_paced: is_paced == 1,
            })),
            "open" => Some(Entry::Open(Duration::from_millis(time))),
            "probing" => Some(Entry::Probing(Duration::from_millis(time))),
            "throttled" => Some(Entry::Throttled(Duration::from_micros(time))),
            _ => None,
        }
    }

    /// Says what an attempt came to, and what the vendor announced with it; `None` while the server
    /// is away.
    pub(super) fn record(
        &self,
        options: &Options,
        entered: &Entered,
        (outcome, took): (Outcome, Duration),
        announced: Option<Word>,
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
                script.key(self.key("announced"));
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
                announce(script, announced);
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

    /// Says what the vendor announced with an attempt that has no breaker; nothing where it changes
    /// nothing.
    pub(super) fn note(&self, entered: &Entered, announced: Word) {
        if announced.is_none() && !entered.is_paced {
            return;
        }
        let _: Option<(String, u64, i64, i64)> = self.server.run(&self.server.record, |script| {
            for part in ["breaker", "probes", "window", "announced"] {
                script.key(self.key(part));
            }
            script.arg(entered.epoch);
            script.arg("");
            script.arg("i");
            // No breaker: no rates, no calls, no probes, no window.
            for _ in 0..8 {
                script.arg(0);
            }
            announce(script, Some(announced));
        });
    }

    fn key(&self, part: &str) -> String {
        format!("{}:{part}", self.prefix)
    }
}

/// The arguments of what the vendor announced.
fn announce(script: &mut redis::ScriptInvocation<'_>, announced: Option<Word>) {
    match announced {
        None => script.arg("").arg(0),
        Some(None) => script.arg(0).arg(0),
        Some(Some(Announced { interval, until })) => {
            let reset = until.since(clock::monotonic());
            script.arg(micros(interval).max(1)).arg(micros(reset))
        }
    };
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn micros(span: Duration) -> u64 {
    // Rounded up: never faster than was asked for.
    u64::try_from(span.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod announced_tests;
#[cfg(test)]
mod tests;
