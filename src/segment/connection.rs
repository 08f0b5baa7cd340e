//! One connection's shared state, as the rooms above use it.
//!
//! A handle is cheap and keeps the segment alive. Each method is a few atomic operations; loops
//! are bounded, and where a race is lost too often the answer is the careful one (no retry, no
//! attempt). Losing the state costs speed: a few more attempts at a vendor that is down, one more
//! look at the switch's store, counters that begin at zero.

mod limits;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    Shared, breaker as run,
    layout::ConnectionSlot,
    table::{self, Identity},
    words::{pack_level, pack_streak, unpack_level, unpack_streak},
    write,
};
use crate::{
    clock::{self, Monotonic},
    policy::{
        breaker,
        budget::{self, Level},
        streak,
    },
    telemetry::{Counter, Facts, Health},
};

/// Lost races after which the budget is left as it is.
const TURNS_MAX: usize = 32;

/// A handle on a connection's state.
#[derive(Clone)]
pub struct Connection(Arc<Handle>);

struct Handle {
    segment: Arc<Shared>,
    identity: Identity,
    namespace: String,
    name: String,
    /// The slot that was the connection's when it was last looked at.
    place: AtomicUsize,
    /// A slot of this process, where the table was full.
    own: OnceLock<Arc<ConnectionSlot>>,
}

/// A handle's place while it has none in the table.
const NOWHERE: usize = usize::MAX;

impl Connection {
    pub(super) fn new(segment: Arc<Shared>, namespace: &str, name: &str) -> Self {
        Self(Arc::new(Handle {
            segment,
            identity: Identity::of(namespace, name),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            place: AtomicUsize::new(NOWHERE),
            own: OnceLock::new(),
        }))
    }

    /// Whether other processes see it.
    pub fn is_shared(&self) -> bool {
        self.0.own.get().is_none()
    }

    /// Says that the connection is in use: a slot that nobody uses for a quarter of an hour may be
    /// given to another connection when the table is full.
    pub fn note_use(&self, now: Monotonic) {
        table::note_use(self.slot(), now);
    }

    fn slot(&self) -> &ConnectionSlot {
        let handle = &*self.0;
        if let Some(own) = handle.own.get() {
            return own;
        }
        let slots = &handle.segment.layout().connections;
        match slots.get(handle.place.load(Ordering::Relaxed)) {
            Some(slot) if handle.identity.is_of(slot) => slot,
            Some(_) | None => self.find(),
        }
    }

    /// The connection's slot, found or claimed; one of this process where the table is full, which
    /// is counted.
    fn find(&self) -> &ConnectionSlot {
        let handle = &*self.0;
        let slots = &handle.segment.layout().connections;
        let names = (handle.namespace.as_str(), handle.name.as_str());
        let place = table::place(slots, handle.identity, names, clock::monotonic());
        if let Some((place, slot)) = place.and_then(|place| Some((place, slots.get(place)?))) {
            handle.place.store(place, Ordering::Relaxed);
            return slot;
        }
        handle.own.get_or_init(|| {
            write::count(&handle.segment.layout().header.overflowed_connections, 1);
            handle
                .segment
                .own_connection(&handle.namespace, &handle.name)
        })
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

    /// Gives a permit back with its attempt's outcome and how long it took. A permit of an earlier
    /// phase counts nothing.
    pub fn breaker_record(
        &self,
        options: &breaker::Options,
        permit: breaker::Permit,
        ended: (breaker::Outcome, Duration),
        now: Monotonic,
    ) {
        let has_opened = run::record(&self.slot().breaker, options, permit, ended, now);
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

    /// Follows the breaker that all hosts share: open for so much longer, or closed.
    pub fn breaker_follow(
        &self,
        options: &breaker::Options,
        known: (breaker::State, Duration),
        now: Monotonic,
    ) {
        run::follow(&self.slot().breaker, options, known, now);
    }

    /// Whether the phase in which a permit was given is still the breaker's: one that was waited
    /// with may have been overtaken.
    pub fn breaker_stands(&self, permit: &breaker::Permit) -> bool {
        run::phase(&self.slot().breaker).epoch == permit.epoch
    }

    /// Adds a failed attempt to the streak.
    pub fn streak_failed(&self, options: &streak::Options, now: Monotonic) {
        let word = &self.slot().streak;
        for _ in 0..TURNS_MAX {
            let seen = word.load(Ordering::Acquire);
            let next = pack_streak(streak::failed(options, unpack_streak(seen), now));
            if write::exchange(word, seen, next) {
                return;
            }
        }
    }

    /// Ends the streak: an attempt succeeded.
    pub fn streak_ended(&self) {
        let word = &self.slot().streak;
        // Most successes follow a success: a look is cheaper than a write.
        if word.load(Ordering::Acquire) != 0 {
            write::store(word, 0);
        }
    }

    /// Whether the vendor does not fail so steadily that a retry would only load it.
    pub fn streak_allows_retry(&self, options: &streak::Options, now: Monotonic) -> bool {
        let streak = unpack_streak(self.slot().streak.load(Ordering::Acquire));
        streak::allows_retry(options, streak, now)
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
            if write::exchange(word, seen, pack_level(next)) {
                return true;
            }
        }
        false
    }

    /// Nobody calls before `until`: the vendor said so. A later hold stands.
    pub fn hold_until(&self, until: Monotonic) {
        write::raise(&self.slot().held_until, until.as_nanos());
    }

    /// Forgets a hold: an operator knows better.
    pub fn release_hold(&self) {
        write::store(&self.slot().held_until, 0);
    }

    /// How long the vendor is still left alone.
    pub fn held(&self, now: Monotonic) -> Option<Duration> {
        let until = Monotonic::from_nanos(self.slot().held_until.load(Ordering::Acquire));
        (until > now).then(|| until.since(now))
    }

    /// Remembers the switch as it was last read from its store.
    pub fn set_paused(&self, is_paused: bool) {
        write::store(&self.slot().paused, u64::from(is_paused));
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
            write::count(word, by);
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
        write::raise(&self.slot().last_success, now.as_nanos());
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
        match self.0.own.get() {
            None => write!(
                formatter,
                "Connection(slot {})",
                self.0.place.load(Ordering::Relaxed)
            ),
            Some(_) => write!(formatter, "Connection(this process)"),
        }
    }
}

#[cfg(test)]
mod tests;
