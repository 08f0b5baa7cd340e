//! One connection's shared state, as the rooms above use it.
//!
//! A handle is cheap and keeps the segment alive. Each method is a few atomic operations; loops
//! are bounded, and where a race is lost too often the answer is the careful one (no retry, no
//! attempt). Losing the state costs speed: a few more attempts at a vendor that is down, one more
//! look at the switch's store, counters that begin at zero.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Shared, breaker as run,
    layout::ConnectionSlot,
    words::{pack_level, unpack_level},
};
use crate::{
    clock::Monotonic,
    policy::{
        breaker,
        budget::{self, Level},
    },
    telemetry::{Counter, Facts, Health},
};

/// Lost races after which the budget is left as it is.
const TURNS_MAX: usize = 32;

/// A handle on a connection's state.
#[derive(Clone)]
pub struct Connection(Slot);

#[derive(Clone)]
enum Slot {
    /// A slot of the segment, by its place.
    Shared(Arc<Shared>, usize),
    /// A slot of this process, where the table was full.
    Own(Arc<ConnectionSlot>),
}

impl Connection {
    pub(super) fn shared(segment: Arc<Shared>, place: usize) -> Option<Self> {
        segment.layout().connections.get(place)?;
        Some(Self(Slot::Shared(segment, place)))
    }

    pub(super) fn own(slot: Arc<ConnectionSlot>) -> Self {
        Self(Slot::Own(slot))
    }

    /// Whether other processes see it.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Slot::Shared(..))
    }

    fn slot(&self) -> &ConnectionSlot {
        match &self.0 {
            Slot::Own(slot) => slot,
            // The place was checked when the handle was made; the first slot is never reached.
            Slot::Shared(segment, place) => {
                let [first, ..] = &segment.layout().connections;
                segment.layout().connections.get(*place).unwrap_or(first)
            }
        }
    }

    /// A permit for one attempt.
    ///
    /// # Errors
    /// When the breaker is open, or half-open with no place for another probe.
    pub fn breaker_admit(
        &self,
        options: &breaker::Options,
        now: Monotonic,
    ) -> Result<breaker::Permit, breaker::Open> {
        let (admission, has_opened) = run::admit(&self.slot().breaker, options, now);
        self.count(Counter::BreakerOpened, u64::from(has_opened));
        admission
    }

    /// Gives a permit back with its attempt's outcome. A permit of an earlier phase counts nothing.
    pub fn breaker_record(
        &self,
        options: &breaker::Options,
        permit: breaker::Permit,
        outcome: breaker::Outcome,
        now: Monotonic,
    ) {
        let has_opened = run::record(&self.slot().breaker, options, permit, outcome, now);
        self.count(Counter::BreakerOpened, u64::from(has_opened));
    }

    /// What the breaker does now.
    pub fn breaker_state(&self, options: &breaker::Options, now: Monotonic) -> breaker::State {
        run::state(&self.slot().breaker, options, now)
    }

    /// The breaker's phase as it is stored, for those who do not know its options.
    pub fn breaker_phase(&self) -> breaker::State {
        run::phase(&self.slot().breaker).state
    }

    /// Adds a call's share to the retry budget.
    pub fn budget_deposit(&self, options: &budget::Options, now: Monotonic) {
        self.change_budget(|level| Some(budget::deposit(options, level, now)));
    }

    /// Takes a retry's token; false where there is none.
    pub fn budget_withdraw(&self, options: &budget::Options, now: Monotonic) -> bool {
        self.change_budget(|level| budget::withdraw(options, level, now))
    }

    fn change_budget(&self, change: impl Fn(Level) -> Option<Level>) -> bool {
        let word = &self.slot().budget;
        for _ in 0..TURNS_MAX {
            let seen = word.load(Ordering::Acquire);
            let Some(next) = change(unpack_level(seen)) else {
                return false;
            };
            if word
                .compare_exchange(seen, pack_level(next), Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return true;
            }
        }
        false
    }

    /// Nobody calls before `until`: the vendor said so. A later hold stands.
    pub fn hold_until(&self, until: Monotonic) {
        self.slot()
            .held_until
            .fetch_max(until.as_nanos(), Ordering::AcqRel);
    }

    /// Forgets a hold: an operator knows better.
    pub fn release_hold(&self) {
        self.slot().held_until.store(0, Ordering::Release);
    }

    /// How long the vendor is still left alone.
    pub fn held(&self, now: Monotonic) -> Option<Duration> {
        let until = Monotonic::from_nanos(self.slot().held_until.load(Ordering::Acquire));
        (until > now).then(|| until.since(now))
    }

    /// Remembers the switch as it was last read from its store.
    pub fn set_paused(&self, is_paused: bool) {
        self.slot()
            .paused
            .store(u64::from(is_paused), Ordering::Release);
    }

    /// The switch as it was last read; what holds while its store cannot be read.
    pub fn last_known_paused(&self) -> bool {
        self.slot().paused.load(Ordering::Acquire) == 1
    }

    /// Adds to a counter.
    pub fn count(&self, counter: Counter, by: u64) {
        if by > 0
            && let Some(word) = self.counter_word(counter)
        {
            word.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// What was counted since the segment was made.
    pub fn counter(&self, counter: Counter) -> u64 {
        self.counter_word(counter)
            .map_or(0, |word| word.load(Ordering::Relaxed))
    }

    fn counter_word(&self, counter: Counter) -> Option<&AtomicU64> {
        self.slot().counters.get(counter.place())
    }

    /// Remembers that a call succeeded.
    pub fn note_success(&self, now: Monotonic) {
        self.slot()
            .last_success
            .fetch_max(now.as_nanos(), Ordering::AcqRel);
    }

    /// When a call last succeeded, on any worker.
    pub fn last_success(&self) -> Option<Monotonic> {
        let nanos = self.slot().last_success.load(Ordering::Acquire);
        (nanos > 0).then(|| Monotonic::from_nanos(nanos))
    }

    /// What is known of the connection without asking the vendor.
    pub fn facts(&self, options: &breaker::Options, now: Monotonic) -> Facts {
        Facts {
            is_paused: self.last_known_paused(),
            breaker: self.breaker_state(options, now),
            held_for: self.held(now),
            last_success_age: self.last_success().map(|success| now.since(success)),
            entered: self.counter(Counter::Entered),
        }
    }

    /// The same in one word.
    pub fn health(&self, options: &breaker::Options, now: Monotonic) -> Health {
        Health::decide(&self.facts(options, now))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Slot::Shared(_, place) => write!(formatter, "Connection(slot {place})"),
            Slot::Own(_) => write!(formatter, "Connection(this process)"),
        }
    }
}

#[cfg(test)]
mod tests;
