//! How fast a vendor is called: at most `rate × T + burst` attempts begin in any T seconds.
//!
//! GCRA (ITU-T I.371; the leaky bucket as one point in time): `next` is when the bucket would be
//! empty. An attempt may begin once that lies no more than `burst − 1` intervals ahead, and moves
//! it on by one interval. So a caller that waits takes its place in the queue at once
//! and sleeps until it comes: whoever comes later gets a later place, nobody polls, and no moment
//! of the rate is lost while somebody waits.
//!
//! A vendor's announced limit (`rate_limit.rs`) is a second pace beside it: the calls that are left
//! spread over the time until the limit is reset, and none where none are left. The later of the
//! two counts.
//!
//! The segment keeps `next` for a connection and for each of its routes; losing it costs one burst.

use std::{ops::RangeInclusive, time::Duration};

use crate::clock::Monotonic;

/// What `permits` may be.
pub const PERMITS: RangeInclusive<u32> = 1..=1_000_000;
/// What the time in which they are given may be.
pub const PER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);
/// What `burst` may be.
pub const BURST: RangeInclusive<u32> = 1..=100_000;
/// Announced limits reach no further than this, as a connection's hold.
const ANNOUNCED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A rate and how much of it may be used at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// `permits` in each `per`, within [`PERMITS`] and [`PER`], `burst` of them at once, within
    /// [`BURST`]; `None` outside of these, or where more than one a nanosecond would be given.
    pub fn new(permits: u32, per: Duration, burst: u32) -> Option<Self> {
        let is_allowed = PERMITS.contains(&permits) && PER.contains(&per) && BURST.contains(&burst);
        // Rounded up: never faster than was asked for.
        let nanos = per.as_nanos().div_ceil(u128::from(permits.max(1)));
        let interval = Duration::from_nanos(u64::try_from(nanos).ok()?);
        (is_allowed && !interval.is_zero()).then_some(Self { interval, burst })
    }

    /// One after another, so far apart; `None` where that is no time at all.
    pub fn every(interval: Duration) -> Option<Self> {
        (!interval.is_zero()).then_some(Self { interval, burst: 1 })
    }

    /// How many may begin at once.
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    /// The time between two attempts at this rate.
    pub const fn interval(&self) -> Duration {
        self.interval
    }
}

/// What a caller does for whom there is no permit yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Waits for it, so long at most.
    Wait(Duration),
    /// Fails at once.
    Fail,
}

impl Mode {
    /// The longest wait that is taken.
    pub const fn max_wait(self) -> Duration {
        match self {
            Self::Wait(max) => max,
            Self::Fail => Duration::ZERO,
        }
    }
}

/// A pace of its own for part of a vendor's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name, for messages.
    pub name: String,
    /// The path's segments below the base URI; `None` stands for any one segment.
    pub path: Vec<Option<String>>,
    /// Its rate.
    pub rate: Rate,
}

/// A connection's throttle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The whole connection's rate; `None` where the vendor's announced limits alone count.
    pub rate: Option<Rate>,
    /// What to do where there is no permit.
    pub mode: Mode,
    /// Whether limits that the vendor announces slow calls down before it refuses them.
    pub announced: bool,
    /// Parts with a rate of their own, at most [`ROUTES_MAX`].
    pub routes: Vec<Route>,
}

/// Routes of one connection; the segment has so many places.
pub const ROUTES_MAX: usize = 8;

impl Options {
    /// The route that a path below the base URI belongs to: the one with the longest path that it
    /// begins with.
    pub fn route(&self, path: &str) -> Option<(usize, &Route)> {
        let matching = self.routes.iter().enumerate().filter(|(_, route)| {
            let mut segments = path.split('/');
            route
                .path
                .iter()
                .all(|wanted| match (wanted, segments.next()) {
                    (Some(wanted), Some(found)) => wanted == found,
                    (None, Some(found)) => !found.is_empty(),
                    (Some(_) | None, None) => false,
                })
        });
        matching.max_by_key(|(place, route)| (route.path.len(), usize::MAX - place))
    }
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long until it comes.
    pub wait: Duration,
    /// What the word holds once it is taken.
    pub next: Monotonic,
}

/// There is no place within the wait that the caller allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When there will be one.
    pub retry_after: Duration,
}

/// The next place in a queue whose word holds `next`, no later than `max_wait`.
///
/// # Errors
/// When it lies beyond.
pub fn take(
    rate: Rate,
    next: Monotonic,
    now: Monotonic,
    max_wait: Duration,
) -> Result<Turn, Refused> {
    let tolerance = rate.interval.saturating_mul(rate.burst.saturating_sub(1));
    let wait = next.saturating_sub(tolerance).since(now);
    if wait > max_wait {
        return Err(Refused { retry_after: wait });
    }
    Ok(Turn {
        wait,
        next: next.max(now).saturating_add(rate.interval),
    })
}

/// What a vendor announced, as the segment keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Between two attempts; zero where attempts are not spread.
    pub interval: Duration,
    /// From here on it no longer holds.
    pub until: Monotonic,
}

/// What follows from `remaining` calls that are left of `limit` until the limit is reset: nothing
/// while more than a tenth is left (or more than ten, where the limit is not known), else those
/// that are left spread over the time. Beyond a day nothing is believed.
pub fn announced(
    remaining: u64,
    limit: Option<u64>,
    reset: Duration,
    now: Monotonic,
) -> Option<Announced> {
    const LOW_DEFAULT: u64 = 10;
    let low = limit.map_or(LOW_DEFAULT, |limit| limit.div_ceil(10));
    if remaining > low || reset.is_zero() {
        return None;
    }
    let reset = reset.min(ANNOUNCED_MAX);
    let parts = u32::try_from(remaining.saturating_add(1)).unwrap_or(u32::MAX);
    Some(Announced {
        interval: reset / parts,
        until: now.saturating_add(reset),
    })
}

#[cfg(test)]
mod tests;
