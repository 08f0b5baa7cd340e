//! Runs the breaker's rules on the shared words.
//!
//! The rules are [`policy::breaker`](crate::policy::breaker); here are the races. Each change is
//! one compare-and-swap of one word, so that a process killed anywhere leaves a valid state:
//!
//! - between an attempt and its outcome: one sample less; a probe's place is taken over when its
//!   lease ends, or as soon as its process is seen to be gone;
//! - after the last probe's outcome, before the phase is changed: whoever finds no place left
//!   draws the verdict in its stead ([`settle`]);
//! - while the window is emptied: it is emptied before the phase changes, and again by the next.
//!
//! Outcomes are added with one `fetch_add`, so none is lost however many workers race. In a window
//! of calls each takes the next place and sets its two bits there; killed in between, it leaves
//! the outcome that stood there before, which is one wrong sample of a window. Losing the whole
//! state costs at most `min_calls` attempts at a vendor that is down.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    layout::{BUCKETS, BreakerWords, CALL_WORDS},
    owner,
    words::{Bucket, Holder, Probe, behind, empty_bucket, pack_phase, slow_calls, unpack_phase},
    write,
};
use crate::{
    clock::Monotonic,
    policy::breaker::{
        Admission, Open, Options, Outcome, Permit, Phase, ProbeTicket, Sample, State, Tally,
        Window, admit as rule, opens, shown, verdict,
    },
};

/// Lost races after which an attempt is refused; each means that another one got on.
const TURNS_MAX: usize = 16;
/// Buckets by which another worker's now may be ahead of this one's.
const AHEAD_MAX: i64 = 1;
/// What is said where only the next moment can tell.
const SOON: Duration = Duration::from_millis(1);
/// Marks a window of calls.
const OF_CALLS: u64 = 1 << 63;

/// The phase now.
pub(super) fn phase(words: &BreakerWords) -> Phase {
    unpack_phase(words.phase.load(Ordering::Acquire))
}

/// What an operator is shown.
pub(super) fn state(words: &BreakerWords, options: &Options, now: Monotonic) -> State {
    shown(options, phase(words), now)
}

/// A permit for one attempt. True beside a refusal says that settling the probes opened it.
pub(super) fn admit(
    words: &BreakerWords,
    options: &Options,
    now: Monotonic,
) -> (Result<Permit, Open>, bool) {
    for _ in 0..TURNS_MAX {
        let seen = phase(words);
        match rule(options, seen, now) {
            Admission::Pass => {
                return (
                    Ok(Permit {
                        epoch: seen.epoch,
                        probe: None,
                    }),
                    false,
                );
            }
            Admission::Refuse(open) => return (Err(open), false),
            Admission::Turn(next) => {
                turn(words, seen, next);
            }
            Admission::Probe => match probe(words, options, seen.epoch, now) {
                Ok(ticket) => {
                    return (
                        Ok(Permit {
                            epoch: seen.epoch,
                            probe: Some(ticket),
                        }),
                        false,
                    );
                }
                Err(open) => match settle(words, options, seen, now) {
                    Some(State::Open) => {
                        return (
                            Err(Open {
                                retry_after: options.open(),
                            }),
                            true,
                        );
                    }
                    Some(State::Closed | State::HalfOpen) => {}
                    None => return (Err(open), false),
                },
            },
        }
    }
    (Err(Open { retry_after: SOON }), false)
}

/// Takes an attempt's outcome and how long it took; true where it opened the breaker.
pub(super) fn record(
    words: &BreakerWords,
    options: &Options,
    permit: Permit,
    (outcome, took): (Outcome, Duration),
    now: Monotonic,
) -> bool {
    let seen = phase(words);
    if seen.epoch != permit.epoch {
        return false;
    }
    let sample = options.sample(outcome, took);
    match (permit.probe, sample) {
        (Some(ticket), sample) => {
            let after = sample.map_or(Probe::Free, Probe::Done);
            give_back(words, permit.epoch, ticket, after)
                && settle(words, options, seen, now) == Some(State::Open)
        }
        (None, Some(sample)) => {
            add(words, options, sample, now);
            opens(options, tally(words, options, now))
                && turn(words, seen, seen.then(State::Open, now))
        }
        (None, None) => false,
    }
}

/// Follows what is known for all hosts: open for `left` more, or closed. Half-open each host finds
/// out for itself.
pub(super) fn follow(
    words: &BreakerWords,
    options: &Options,
    (state, left): (State, Duration),
    now: Monotonic,
) {
    let seen = phase(words);
    let since = now.saturating_sub(options.open().saturating_sub(left));
    match (state, seen.state) {
        (State::Open, State::Closed | State::HalfOpen) => {
            turn(words, seen, seen.then(State::Open, since));
        }
        (State::Closed, State::Open | State::HalfOpen) => {
            empty(words);
            turn(words, seen, seen.then(State::Closed, now));
        }
        (State::Open, State::Open)
        | (State::Closed, State::Closed)
        | (State::HalfOpen, State::Closed | State::Open | State::HalfOpen) => {}
    }
}

/// From one phase to the next, unless another was faster.
fn turn(words: &BreakerWords, from: Phase, to: Phase) -> bool {
    write::exchange(&words.phase, pack_phase(from), pack_phase(to))
}

/// A place among the probes: a free one, one whose lease is over, one whose process is gone.
fn probe(
    words: &BreakerWords,
    options: &Options,
    epoch: u16,
    now: Monotonic,
) -> Result<ProbeTicket, Open> {
    let mine = Probe::Held(Holder::new(owner::me(), options.probe_lease(), now)).pack(epoch);
    let mut retry_after = options.open();
    for (index, place) in places(words, options).enumerate() {
        let seen = place.load(Ordering::Acquire);
        let is_free = match Probe::unpack(seen, epoch) {
            Probe::Free => true,
            Probe::Done(_) => false,
            Probe::Held(holder) => match holder.remaining(now) {
                Some(left) if owner::is_alive(holder.pid) => {
                    retry_after = retry_after.min(left);
                    false
                }
                Some(_) | None => true,
            },
        };
        if is_free && write::exchange(place, seen, mine) {
            return Ok(ProbeTicket { index, word: mine });
        }
    }
    Err(Open {
        retry_after: retry_after.max(SOON),
    })
}

/// Puts an outcome into the place that a ticket holds; false where it was taken over meanwhile.
fn give_back(words: &BreakerWords, epoch: u16, ticket: ProbeTicket, after: Probe) -> bool {
    words
        .probes
        .get(ticket.index)
        .is_some_and(|place| write::exchange(place, ticket.word, after.pack(epoch)))
}

/// Draws the probes' verdict, where there is one, and goes to its phase. The phase that this call
/// brought about; `None` where it changed nothing.
fn settle(words: &BreakerWords, options: &Options, seen: Phase, now: Monotonic) -> Option<State> {
    let mut probes = Tally::default();
    for place in places(words, options) {
        match Probe::unpack(place.load(Ordering::Acquire), seen.epoch) {
            Probe::Free | Probe::Held(_) => {}
            Probe::Done(sample) => probes.add(sample),
        }
    }
    let next = verdict(options, probes)?;
    if next == State::Closed {
        empty(words);
    }
    turn(words, seen, seen.then(next, now)).then_some(next)
}

fn places<'words>(
    words: &'words BreakerWords,
    options: &Options,
) -> impl Iterator<Item = &'words AtomicU64> {
    words
        .probes
        .iter()
        .take(usize::try_from(options.probes()).unwrap_or(0))
}

/// Counts one outcome.
fn add(words: &BreakerWords, options: &Options, sample: Sample, now: Monotonic) {
    keep_window(words, options.window());
    match options.window() {
        Window::Time(span) => add_to_bucket(words, options, sample, number_of(span, now)),
        Window::Calls(size) => add_to_calls(words, size, sample),
    }
}

fn add_to_bucket(words: &BreakerWords, options: &Options, sample: Sample, number: u64) {
    let index = usize::try_from(number % BUCKETS as u64).unwrap_or(0);
    if options.counts_slow_calls()
        && sample.is_slow
        && let Some(slow) = words.slow_buckets.get(index)
    {
        turn_over(slow, number, |_| None);
        write::add(slow, 1);
    }
    let Some(word) = words.buckets.get(index) else {
        return;
    };
    turn_over(word, number, |seen| {
        let bucket = Bucket::unpack(seen);
        // Half of both keeps the rate.
        (bucket.tally.total >= Bucket::FULL).then(|| {
            let tally = Tally {
                total: bucket.tally.total / 2,
                failed: bucket.tally.failed / 2,
                slow: 0,
            };
            Bucket { tally, ..bucket }.pack()
        })
    });
    write::add(word, Bucket::one(sample.has_failed));
}

/// Empties a bucket that counted for another stretch of time; one of this stretch may be made
/// smaller.
fn turn_over(word: &AtomicU64, number: u64, smaller: impl Fn(u64) -> Option<u64>) {
    for _ in 0..TURNS_MAX {
        let seen = word.load(Ordering::Acquire);
        // One that is far ahead is one that was not touched for half the numbers there are.
        let next = if (-AHEAD_MAX..=0).contains(&behind(seen, number)) {
            smaller(seen)
        } else {
            Some(empty_bucket(number))
        };
        match next {
            None => return,
            Some(next) if write::exchange(word, seen, next) => return,
            Some(_) => {}
        }
    }
}

/// Sets the two bits of the next place.
fn add_to_calls(words: &BreakerWords, size: u32, sample: Sample) {
    let place = write::add(&words.calls, 1) % u64::from(size.max(1));
    let (index, mask) = (usize::try_from(place / 64).unwrap_or(0), 1 << (place % 64));
    let of = |bits: &[AtomicU64; CALL_WORDS], is_set: bool| {
        if let Some(word) = bits.get(index)
            && (word.load(Ordering::Relaxed) & mask != 0) != is_set
        {
            write::bits(word, mask, is_set);
        }
    };
    of(&words.failed_bits, sample.has_failed);
    of(&words.slow_bits, sample.is_slow);
}

/// What the window holds.
pub(super) fn tally(words: &BreakerWords, options: &Options, now: Monotonic) -> Tally {
    match options.window() {
        Window::Time(span) => tally_of_time(words, options, number_of(span, now)),
        Window::Calls(size) => tally_of_calls(words, size),
    }
}

fn tally_of_time(words: &BreakerWords, options: &Options, number: u64) -> Tally {
    // Ahead is a worker whose clock was read a moment later.
    let is_within = |word: u64| (-AHEAD_MAX..BUCKETS as i64).contains(&behind(word, number));
    let mut sum = Tally::default();
    for word in &words.buckets {
        let word = word.load(Ordering::Relaxed);
        if is_within(word) {
            let bucket = Bucket::unpack(word);
            sum.total += bucket.tally.total;
            sum.failed += bucket.tally.failed;
        }
    }
    if options.counts_slow_calls() {
        let words = words.slow_buckets.iter();
        let words = words.map(|word| word.load(Ordering::Relaxed));
        sum.slow = words.filter(|word| is_within(*word)).map(slow_calls).sum();
    }
    sum
}

fn tally_of_calls(words: &BreakerWords, size: u32) -> Tally {
    let ones = |bits: &[AtomicU64]| {
        let set = bits.iter().map(|word| word.load(Ordering::Relaxed));
        set.map(|word| u64::from(word.count_ones())).sum::<u64>()
    };
    Tally {
        total: words.calls.load(Ordering::Acquire).min(size.into()),
        failed: ones(&words.failed_bits),
        slow: ones(&words.slow_bits),
    }
}

/// Another window gives what was counted another meaning: it begins empty.
fn keep_window(words: &BreakerWords, window: Window) {
    let wanted = match window {
        Window::Time(span) => u64::try_from(span.as_nanos()).unwrap_or(u64::MAX) & !OF_CALLS,
        Window::Calls(size) => OF_CALLS | u64::from(size),
    };
    let seen = words.window.load(Ordering::Acquire);
    if seen != wanted && write::exchange(&words.window, seen, wanted) && seen != 0 {
        empty(words);
    }
}

/// What is read first when outcomes are added up goes last: a window that was emptied in part
/// holds too few outcomes and not too many failures.
fn empty(words: &BreakerWords) {
    let bits = words.failed_bits.iter().chain(&words.slow_bits);
    let buckets = words.slow_buckets.iter().chain(&words.buckets);
    for word in bits.chain(buckets).chain([&words.calls]) {
        if word.load(Ordering::Relaxed) != 0 {
            write::store(word, 0);
        }
    }
}

/// Which bucket a moment falls into.
fn number_of(window: Duration, now: Monotonic) -> u64 {
    let width_ns = window.as_nanos() / BUCKETS as u128;
    now.as_nanos() / u64::try_from(width_ns).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
