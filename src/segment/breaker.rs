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
//! Outcomes are added with one `fetch_add`, so none is lost however many workers race. Losing the
//! whole state costs at most `min_calls` attempts at a vendor that is down.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    layout::{BUCKETS, BreakerWords},
    owner,
    words::{Bucket, Holder, Probe, pack_phase, unpack_phase},
};
use crate::{
    clock::Monotonic,
    policy::breaker::{
        Admission, Open, Options, Outcome, Permit, Phase, ProbeTicket, State, Tally, admit as rule,
        opens, shown, verdict,
    },
};

/// Lost races after which an attempt is refused; each means that another one got on.
const TURNS_MAX: usize = 16;
/// Buckets by which another worker's now may be ahead of this one's.
const AHEAD_MAX: i64 = 1;
/// What is said where only the next moment can tell.
const SOON: Duration = Duration::from_millis(1);

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

/// Takes an attempt's outcome; true where it opened the breaker.
pub(super) fn record(
    words: &BreakerWords,
    options: &Options,
    permit: Permit,
    outcome: Outcome,
    now: Monotonic,
) -> bool {
    let seen = phase(words);
    if seen.epoch != permit.epoch {
        return false;
    }
    match permit.probe {
        Some(ticket) => {
            let after = match outcome {
                Outcome::Success => Probe::Succeeded,
                Outcome::Failure => Probe::Failed,
                Outcome::Ignored => Probe::Free,
            };
            give_back(words, permit.epoch, ticket, after)
                && settle(words, options, seen, now) == Some(State::Open)
        }
        None => match outcome {
            Outcome::Ignored => false,
            Outcome::Success | Outcome::Failure => {
                add(words, options, outcome == Outcome::Failure, now);
                opens(options, tally(words, options, now))
                    && turn(words, seen, seen.then(State::Open, now))
            }
        },
    }
}

/// From one phase to the next, unless another was faster.
fn turn(words: &BreakerWords, from: Phase, to: Phase) -> bool {
    let exchanged = words.phase.compare_exchange(
        pack_phase(from),
        pack_phase(to),
        Ordering::AcqRel,
        Ordering::Acquire,
    );
    exchanged.is_ok()
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
            Probe::Succeeded | Probe::Failed => false,
            Probe::Held(holder) => match holder.remaining(now) {
                Some(left) if owner::is_alive(holder.pid) => {
                    retry_after = retry_after.min(left);
                    false
                }
                Some(_) | None => true,
            },
        };
        if is_free
            && place
                .compare_exchange(seen, mine, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
        {
            return Ok(ProbeTicket { index, word: mine });
        }
    }
    Err(Open {
        retry_after: retry_after.max(SOON),
    })
}

/// Puts an outcome into the place that a ticket holds; false where it was taken over meanwhile.
fn give_back(words: &BreakerWords, epoch: u16, ticket: ProbeTicket, after: Probe) -> bool {
    words.probes.get(ticket.index).is_some_and(|place| {
        place
            .compare_exchange(
                ticket.word,
                after.pack(epoch),
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok()
    })
}

/// Draws the probes' verdict, where there is one, and goes to its phase. The phase that this call
/// brought about; `None` where it changed nothing.
fn settle(words: &BreakerWords, options: &Options, seen: Phase, now: Monotonic) -> Option<State> {
    let mut probes = Tally::default();
    for place in places(words, options) {
        match Probe::unpack(place.load(Ordering::Acquire), seen.epoch) {
            Probe::Free | Probe::Held(_) => {}
            Probe::Succeeded => probes.total += 1,
            Probe::Failed => {
                probes.total += 1;
                probes.failed += 1;
            }
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

/// Counts one outcome in the bucket of now.
fn add(words: &BreakerWords, options: &Options, has_failed: bool, now: Monotonic) {
    keep_window(words, options);
    let number = bucket_number(options, now);
    let index = usize::try_from(number % BUCKETS as u64).unwrap_or(0);
    let Some(word) = words.buckets.get(index) else {
        return;
    };
    for _ in 0..TURNS_MAX {
        let seen = word.load(Ordering::Acquire);
        let bucket = Bucket::unpack(seen);
        // One that is far ahead is one that was not touched for half the numbers there are.
        let fresh = if !(-AHEAD_MAX..=0).contains(&bucket.behind(number)) {
            Bucket {
                number,
                tally: Tally::default(),
            }
        } else if bucket.tally.total >= Bucket::FULL {
            // Half of both keeps the rate.
            let tally = Tally {
                total: bucket.tally.total / 2,
                failed: bucket.tally.failed / 2,
            };
            Bucket { tally, ..bucket }
        } else {
            break;
        };
        if word
            .compare_exchange(seen, fresh.pack(), Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            break;
        }
    }
    word.fetch_add(Bucket::one(has_failed), Ordering::AcqRel);
}

/// What the window holds.
pub(super) fn tally(words: &BreakerWords, options: &Options, now: Monotonic) -> Tally {
    let number = bucket_number(options, now);
    let mut sum = Tally::default();
    for word in &words.buckets {
        let bucket = Bucket::unpack(word.load(Ordering::Relaxed));
        // Ahead is a worker whose clock was read a moment later.
        if (-AHEAD_MAX..BUCKETS as i64).contains(&bucket.behind(number)) {
            sum.total += bucket.tally.total;
            sum.failed += bucket.tally.failed;
        }
    }
    sum
}

/// Another length of the window gives the buckets another meaning: it begins empty.
fn keep_window(words: &BreakerWords, options: &Options) {
    let wanted = u64::try_from(options.window().as_nanos()).unwrap_or(u64::MAX);
    let seen = words.window_ns.load(Ordering::Acquire);
    if seen != wanted
        && words
            .window_ns
            .compare_exchange(seen, wanted, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        && seen != 0
    {
        empty(words);
    }
}

fn empty(words: &BreakerWords) {
    for word in &words.buckets {
        word.store(0, Ordering::Release);
    }
}

fn bucket_number(options: &Options, now: Monotonic) -> u64 {
    let width_ns = options.window().as_nanos() / BUCKETS as u128;
    now.as_nanos() / u64::try_from(width_ns).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
