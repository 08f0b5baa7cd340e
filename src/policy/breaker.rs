//! Whether a vendor is asked at all.
//!
//! Closed: every attempt is admitted and its outcome counted over a sliding [`Window`], of time or
//! of the last so many outcomes. At `failure_rate` of at least `min_calls` outcomes it opens, and
//! where slow calls count, at their rate too. Open: nobody calls for `open`. Then half-open:
//! `probes` attempts are admitted; once so many of them failed or were slow that a rate is certain
//! to be reached it opens again, once all have come back below it, it closes with an empty window.
//! After resilience4j's circuit breaker, with the half-open verdict drawn as soon as it is
//! certain, to spare a dead vendor the rest.
//!
//! Each phase has an **epoch**. A permit carries the epoch it was given in, and an outcome that
//! comes back in a later one is not counted: calls that were under way when the breaker opened
//! say nothing about the vendor's health after it.
//!
//! A probe is a lease ([`Options::probe_lease`]), so that a probe killed with its process is
//! given again. These are rules only; words, races and killed processes are the segment's.

use std::{ops::RangeInclusive, time::Duration};

use crate::clock::Monotonic;

/// What `probes` may be; the segment has so many places.
pub const PROBES: RangeInclusive<u32> = 1..=16;
/// What `min_calls` may be.
pub const MIN_CALLS: RangeInclusive<u32> = 1..=100_000;
/// What the window may be.
pub const WINDOW: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
/// What a window of outcomes may be; the segment keeps so many.
pub const WINDOW_CALLS: RangeInclusive<u32> = 1..=1024;
/// What a call may take before it is slow.
pub const SLOW_CALL: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);
/// What the time in the open phase may be.
pub const OPEN: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);
/// A probe's place is given again after so long; far beyond an attempt's usual bound.
pub const PROBE_LEASE_DEFAULT: Duration = Duration::from_secs(10);

/// Parts of a million: rates are compared as whole numbers, for 0.07 · 100 is not 7 in binary.
const RATE_SCALE: u64 = 1_000_000;

/// Which outcomes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Those of the last so long.
    Time(Duration),
    /// The last so many.
    Calls(u32),
}

/// When a call is slow, and which share of slow ones opens the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowCalls {
    over: Duration,
    rate_ppm: u64,
}

/// When to open, for how long, and what it takes to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    rate_ppm: u64,
    slow: Option<SlowCalls>,
    min_calls: u32,
    window: Window,
    open: Duration,
    probes: u32,
    probe_lease: Duration,
}

impl Options {
    /// `failure_rate` above 0 and up to 1, the others within [`MIN_CALLS`], [`WINDOW`], [`OPEN`]
    /// and [`PROBES`]; `None` outside of these.
    pub fn new(
        failure_rate: f64,
        min_calls: u32,
        window: Duration,
        open: Duration,
        probes: u32,
    ) -> Option<Self> {
        let rate_ppm = ppm(failure_rate)?;
        let is_allowed = MIN_CALLS.contains(&min_calls)
            && WINDOW.contains(&window)
            && OPEN.contains(&open)
            && PROBES.contains(&probes);
        is_allowed.then_some(Self {
            rate_ppm,
            slow: None,
            min_calls,
            window: Window::Time(window),
            open,
            probes,
            probe_lease: PROBE_LEASE_DEFAULT,
        })
    }

    /// The same with another lease for probes: an attempt's timeout and a little. At least 1 s,
    /// at most an hour.
    #[must_use]
    pub fn with_probe_lease(mut self, lease: Duration) -> Self {
        self.probe_lease = lease.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        self
    }

    /// The same over the last so many outcomes, within [`WINDOW_CALLS`]; as in resilience4j,
    /// no more than these are ever waited for before the rates are looked at.
    #[must_use]
    pub fn with_window_calls(mut self, calls: u32) -> Option<Self> {
        self.window = Window::Calls(calls);
        self.min_calls = self.min_calls.min(calls);
        WINDOW_CALLS.contains(&calls).then_some(self)
    }

    /// The same where calls that took longer than `over`, within [`SLOW_CALL`], open it at `rate`
    /// of all, above 0 and up to 1.
    #[must_use]
    pub fn with_slow_calls(mut self, over: Duration, rate: f64) -> Option<Self> {
        let rate_ppm = ppm(rate)?;
        self.slow = Some(SlowCalls { over, rate_ppm });
        SLOW_CALL.contains(&over).then_some(self)
    }

    /// What an outcome counts as; nothing where it says nothing.
    pub fn sample(&self, outcome: Outcome, took: Duration) -> Option<Sample> {
        let has_failed = match outcome {
            Outcome::Success => false,
            Outcome::Failure => true,
            Outcome::Ignored => return None,
        };
        let is_slow = self.slow.is_some_and(|slow| took > slow.over);
        Some(Sample {
            has_failed,
            is_slow,
        })
    }

    /// The failure rate and the rate of slow calls, 0 where they do not count; parts of a million.
    pub fn rates_ppm(&self) -> (u64, u64) {
        (self.rate_ppm, self.slow.map_or(0, |slow| slow.rate_ppm))
    }

    /// Whether slow calls count.
    pub const fn counts_slow_calls(&self) -> bool {
        self.slow.is_some()
    }

    /// Which outcomes count.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// Outcomes without which it does not open.
    pub const fn min_calls(&self) -> u32 {
        self.min_calls
    }

    /// How long nobody calls.
    pub const fn open(&self) -> Duration {
        self.open
    }

    /// Attempts admitted while half-open.
    pub const fn probes(&self) -> u32 {
        self.probes
    }

    /// How long a probe keeps its place without an outcome.
    pub const fn probe_lease(&self) -> Duration {
        self.probe_lease
    }
}

impl Default for Options {
    /// Half of at least 20 outcomes in 30 s; 5 s open; 3 probes.
    fn default() -> Self {
        Self {
            rate_ppm: RATE_SCALE / 2,
            slow: None,
            min_calls: 20,
            window: Window::Time(Duration::from_secs(30)),
            open: Duration::from_secs(5),
            probes: 3,
            probe_lease: PROBE_LEASE_DEFAULT,
        }
    }
}

/// What the breaker does, as an operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything is admitted.
    Closed,
    /// Nothing is admitted.
    Open,
    /// Probes are admitted.
    HalfOpen,
}

impl State {
    /// `closed`, `open` or `half_open`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How an admitted attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The vendor is well, whatever it answered.
    Success,
    /// The vendor is not well: no answer, or one that says so.
    Failure,
    /// Says nothing about the vendor: interrupted, or never sent.
    Ignored,
}

/// An outcome that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The vendor was not well.
    pub has_failed: bool,
    /// It took too long, however it ended.
    pub is_slow: bool,
}

/// A place among the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeTicket {
    /// Which place.
    pub index: usize,
    /// What the place held when it was taken: nobody else's ticket looks the same.
    pub word: u64,
}

/// The right to make one attempt; given back with its outcome.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an attempt's outcome is recorded with its permit"]
pub struct Permit {
    /// The phase it was given in.
    pub epoch: u16,
    /// The place it takes while half-open.
    pub probe: Option<ProbeTicket>,
}

/// Nothing is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// The breaker's phase with what the rules need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Counts the changes, modulo 2^16.
    pub epoch: u16,
    /// What it does.
    pub state: State,
    /// When it began.
    pub since: Monotonic,
}

impl Phase {
    /// The phase that follows.
    #[must_use]
    pub const fn then(self, state: State, now: Monotonic) -> Self {
        Self {
            epoch: self.epoch.wrapping_add(1),
            state,
            since: now,
        }
    }
}

/// What an attempt that wants to begin is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Pass,
    /// It may, if it finds a place among the probes.
    Probe,
    /// The open time is over: go to this phase first, then ask again.
    Turn(Phase),
    /// It may not.
    Refuse(Open),
}

/// The rule for beginning.
pub fn admit(options: &Options, phase: Phase, now: Monotonic) -> Admission {
    match phase.state {
        State::Closed => Admission::Pass,
        State::HalfOpen => Admission::Probe,
        State::Open => {
            let until = phase.since.saturating_add(options.open);
            if now >= until {
                Admission::Turn(phase.then(State::HalfOpen, now))
            } else {
                Admission::Refuse(Open {
                    retry_after: until.since(now),
                })
            }
        }
    }
}

/// What an operator is shown: an open breaker whose time is over waits for a probe.
pub fn shown(options: &Options, phase: Phase, now: Monotonic) -> State {
    match admit(options, phase, now) {
        Admission::Pass => State::Closed,
        Admission::Probe | Admission::Turn(_) => State::HalfOpen,
        Admission::Refuse(_) => State::Open,
    }
}

/// Outcomes counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Successes and failures.
    pub total: u64,
    /// Failures alone.
    pub failed: u64,
    /// Slow ones, failed or not.
    pub slow: u64,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, sample: Sample) {
        self.total += 1;
        self.failed += u64::from(sample.has_failed);
        self.slow += u64::from(sample.is_slow);
    }
}

/// Whether these outcomes open a closed breaker.
pub fn opens(options: &Options, window: Tally) -> bool {
    window.total >= u64::from(options.min_calls) && reaches_a_rate(options, window, window.total)
}

/// The phase that the probes' outcomes lead to; `None` while they are undecided.
pub fn verdict(options: &Options, probes: Tally) -> Option<State> {
    let wanted = u64::from(options.probes);
    if reaches_a_rate(options, probes, wanted) {
        Some(State::Open)
    } else if probes.total >= wanted {
        Some(State::Closed)
    } else {
        None
    }
}

/// Whether failures or slow calls make up their share of so many outcomes.
fn reaches_a_rate(options: &Options, tally: Tally, total: u64) -> bool {
    let is_reached = |count: u64, rate_ppm: u64| {
        count > 0 && count.saturating_mul(RATE_SCALE) >= total.saturating_mul(rate_ppm)
    };
    is_reached(tally.failed, options.rate_ppm)
        || options
            .slow
            .is_some_and(|slow| is_reached(tally.slow, slow.rate_ppm))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 0..=1,000,000"
)]
fn ppm(rate: f64) -> Option<u64> {
    if !(rate > 0.0 && rate <= 1.0) {
        return None;
    }
    Some(((rate * 1_000_000.0).round() as u64).max(1))
}

#[cfg(test)]
mod tests;
