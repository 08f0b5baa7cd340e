//! How facts are packed into single words, so that one compare-and-swap changes them together.
//!
//! ```text
//! phase   [ state 2 | epoch 16 | since, ms since boot 46 ]
//! bucket  [ number 28 | failed 18 | total 18 ]
//! slow    [ number 28 | slow 36 ]
//! probe   [ epoch 16 | status 2 | pid 22 | until, ticks 24 ], or slow 1 once it is done
//! lease   [ tag 18 | pid 22 | until, ticks 24 ]
//! claim   [ 1: pid 22, until 24 ] or [ 2: hash 62 ] in the lowest 2 bits
//! budget  [ thousandths of a token 24 | ms since boot 40 ]
//! streak  [ failures 16 | ms since boot 48 ]
//! place   [ 0 18 | pid 22 | until, ticks 24 ]
//! announced [ interval, ms 24 | until, ms since boot 40 ]
//! ```
//!
//! A tick is 16 ms, counted modulo 2^24 (3 days). No lease lasts longer than an hour, so what
//! seems to end later than that is long over. Linux gives no process a number beyond 22 bits.
//! Decoding accepts any word: other processes wrote them.

use std::time::Duration;

use crate::{
    clock::Monotonic,
    policy::{
        breaker::{Phase, Sample, State, Tally},
        budget::Level,
        streak::Streak,
        throttle::Announced,
    },
};

/// The longest lease.
pub(super) const LEASE_MAX: Duration = Duration::from_secs(3600);

const TICK_MS: u64 = 16;
const TICK_MASK: u64 = mask(24);
const LEASE_MAX_TICKS: u64 = 3600 * 1000 / TICK_MS + 2;
const PID_MASK: u64 = mask(22);

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Who holds something, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    until_ticks: u64,
}

impl Holder {
    /// Holds from now, for at least `span` (at most an hour) and up to two ticks more.
    pub(super) fn new(pid: u32, span: Duration, now: Monotonic) -> Self {
        let until = now.saturating_add(span.min(LEASE_MAX)).as_millis() / TICK_MS + 1;
        Self {
            pid,
            until_ticks: until & TICK_MASK,
        }
    }

    /// What is left of it; `None` once it is over.
    pub(super) fn remaining(self, now: Monotonic) -> Option<Duration> {
        let ticks = self.until_ticks.wrapping_sub(now.as_millis() / TICK_MS) & TICK_MASK;
        (1..=LEASE_MAX_TICKS)
            .contains(&ticks)
            .then(|| Duration::from_millis(ticks * TICK_MS))
    }

    /// The lowest 46 bits of a word.
    const fn pack(self) -> u64 {
        (self.pid as u64 & PID_MASK) << 24 | self.until_ticks
    }

    const fn unpack(word: u64) -> Self {
        Self {
            pid: (word >> 24 & PID_MASK) as u32,
            until_ticks: word & TICK_MASK,
        }
    }
}

/// A lease's word; 0 is free.
pub(super) const fn lease(tag: u64, holder: Holder) -> u64 {
    (tag & mask(18)) << 46 | holder.pack()
}

/// The tag and the holder of a lease's word; `None` where it is free.
pub(super) fn read_lease(word: u64) -> Option<(u64, Holder)> {
    (word != 0).then(|| (word >> 46, Holder::unpack(word)))
}

/// The part of a hash that a lease's word holds.
pub(super) const fn lease_tag(hash: u64) -> u64 {
    hash & mask(18)
}

/// What a connection's slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Free,
    Claiming(Holder),
    Ready(u64),
}

impl Claim {
    pub(super) const fn pack(self) -> u64 {
        match self {
            Self::Free => 0,
            Self::Claiming(holder) => holder.pack() << 2 | 1,
            Self::Ready(hash) => hash << 2 | 2,
        }
    }

    pub(super) const fn unpack(word: u64) -> Self {
        match word & 3 {
            1 => Self::Claiming(Holder::unpack(word >> 2)),
            2 => Self::Ready(word >> 2),
            _ => Self::Free,
        }
    }
}

/// What a probe's place is, for the epoch that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    Free,
    Held(Holder),
    Done(Sample),
}

impl Probe {
    pub(super) const fn pack(self, epoch: u16) -> u64 {
        let (status, rest) = match self {
            Self::Free => (0, 0),
            Self::Held(holder) => (1, holder.pack()),
            Self::Done(sample) => (2 + sample.has_failed as u64, sample.is_slow as u64),
        };
        (epoch as u64) << 48 | status << 46 | rest
    }

    /// A word of another epoch is a free place.
    pub(super) const fn unpack(word: u64, epoch: u16) -> Self {
        if word >> 48 != epoch as u64 {
            return Self::Free;
        }
        match word >> 46 & 3 {
            1 => Self::Held(Holder::unpack(word)),
            status @ (2 | 3) => Self::Done(Sample {
                has_failed: status == 3,
                is_slow: word & 1 == 1,
            }),
            _ => Self::Free,
        }
    }
}

pub(super) const fn pack_phase(phase: Phase) -> u64 {
    let state = match phase.state {
        State::Closed => 0,
        State::Open => 1,
        State::HalfOpen => 2,
    };
    state << 62 | (phase.epoch as u64) << 46 | phase.since.as_millis() & mask(46)
}

pub(super) const fn unpack_phase(word: u64) -> Phase {
    let state = match word >> 62 {
        1 => State::Open,
        2 => State::HalfOpen,
        _ => State::Closed,
    };
    Phase {
        epoch: (word >> 46 & mask(16)) as u16,
        state,
        since: Monotonic::from_millis(word & mask(46)),
    }
}

/// Outcomes of one bucket of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Which stretch of time, modulo 2^28.
    pub(super) number: u64,
    pub(super) tally: Tally,
}

impl Bucket {
    /// A bucket that holds so many is halved first; far enough below 18 bits for every thread of
    /// a host to add one without another look.
    pub(super) const FULL: u64 = mask(18) - 4096;

    /// What one outcome adds to a bucket's word.
    pub(super) const fn one(has_failed: bool) -> u64 {
        if has_failed { 1 << 18 | 1 } else { 1 }
    }

    pub(super) const fn pack(self) -> u64 {
        (self.number & mask(28)) << 36
            | (self.tally.failed & mask(18)) << 18
            | self.tally.total & mask(18)
    }

    pub(super) const fn unpack(word: u64) -> Self {
        Self {
            number: word >> 36,
            tally: Tally {
                failed: word >> 18 & mask(18),
                total: word & mask(18),
                slow: 0,
            },
        }
    }
}

/// The number of a bucket's word, of outcomes or of slow calls.
pub(super) const fn bucket_number(word: u64) -> u64 {
    word >> 36
}

/// How many buckets one lies behind another; negative where it is ahead.
pub(super) const fn behind(word: u64, number: u64) -> i64 {
    // The difference of two 28-bit numbers, its sign carried up from bit 27.
    let difference = number.wrapping_sub(bucket_number(word)) & mask(28);
    (difference << 36) as i64 >> 36
}

/// An empty bucket.
pub(super) const fn empty_bucket(number: u64) -> u64 {
    (number & mask(28)) << 36
}

/// Slow calls of a bucket's word.
pub(super) const fn slow_calls(word: u64) -> u64 {
    word & mask(36)
}

pub(super) const fn pack_streak(streak: Streak) -> u64 {
    (streak.count as u64 & mask(16)) << 48 | streak.last_ms & mask(48)
}

pub(super) const fn unpack_streak(word: u64) -> Streak {
    Streak {
        count: (word >> 48) as u32,
        last_ms: word & mask(48),
    }
}

/// An interval of part of a millisecond becomes a whole one, one of more than 4.6 h that long.
pub(super) fn pack_announced(announced: Announced) -> u64 {
    let interval_ms = announced.interval.as_nanos().div_ceil(1_000_000);
    let interval_ms = u64::try_from(interval_ms).unwrap_or(u64::MAX).min(mask(24));
    interval_ms << 40 | announced.until.as_millis() & mask(40)
}

pub(super) const fn unpack_announced(word: u64) -> Announced {
    Announced {
        interval: Duration::from_millis(word >> 40),
        until: Monotonic::from_millis(word & mask(40)),
    }
}

/// The word of a place that an attempt takes; 0 is free.
pub(super) const fn place(holder: Holder) -> u64 {
    holder.pack()
}

pub(super) const fn place_holder(word: u64) -> Holder {
    Holder::unpack(word)
}

pub(super) fn pack_level(level: Level) -> u64 {
    u64::from(level.tokens_milli) << 40 | level.paid_until_ms & mask(40)
}

pub(super) const fn unpack_level(word: u64) -> Level {
    Level {
        tokens_milli: (word >> 40) as u32,
        paid_until_ms: word & mask(40),
    }
}

#[cfg(test)]
mod tests;
