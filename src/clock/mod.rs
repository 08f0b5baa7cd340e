//! The only place that reads time or randomness, and the only place that waits.
//!
//! Two clocks are kept apart by type. [`Monotonic`] counts nanoseconds since the host was booted
//! (`CLOCK_BOOTTIME`): one clock for every process of the host, so that words in the segment mean
//! the same to all of them, and it goes on during suspend. [`UnixMs`] is the wall clock, for what
//! leaves the host or outlives it.
//!
//! A test may freeze both for its own thread (`frozen.rs`). While they are frozen a wait advances
//! them, is written down, and returns at once. Other threads of the process keep real time.
//!
//! Randomness comes from the operating system through `ring`, a few hundred bytes at once for each
//! thread; each is handed out once, and a fork leaves what was drawn to the parent. Where that
//! fails, which Linux does not do after boot, the bytes are still unique to process and moment;
//! they are then no secret.

mod frozen;
mod random;
mod timer;
mod wait;

pub use frozen::{advance, freeze, frozen_unix, is_frozen, thaw, waits};
pub use random::{forked, pin_unit, random_bytes, random_unit};
pub use timer::{Bound, pass_frozen};
pub use wait::{wait_blocking, wait_running};

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A point in time on the host's monotonic clock; nanoseconds since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The point that lies so many nanoseconds after boot.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The point that lies so many milliseconds after boot.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since boot.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since boot.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// A later point; the last one there is, where the sum does not fit.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }

    /// An earlier point, not before boot.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(span)))
    }

    /// What passed from `earlier` to this point; zero where `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A point in time on the wall clock; milliseconds since 1970, negative before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// The point that lies so many seconds after 1970.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// A later point; the last one there is, where the sum does not fit.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// An earlier point; the first one there is, where the difference does not fit.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// What passed from `earlier` to this point; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let span = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_millis(u64::try_from(span).unwrap_or(0))
    }
}

/// Now, on the clock that all processes of the host share.
pub fn monotonic() -> Monotonic {
    frozen::monotonic().unwrap_or_else(real_monotonic)
}

/// Now, on the same clock, which runs on where a test froze it: for sockets, which know nothing of
/// that.
pub fn running() -> Monotonic {
    real_monotonic()
}

/// Now, on the wall clock.
pub fn unix() -> UnixMs {
    frozen_unix().unwrap_or_else(real_unix)
}

fn real_monotonic() -> Monotonic {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    Monotonic(seconds.saturating_mul(1_000_000_000).saturating_add(rest))
}

fn real_unix() -> UnixMs {
    let time = clock_gettime(ClockId::Realtime);
    let seconds = UnixMs::from_secs(time.tv_sec);
    seconds.saturating_add(Duration::from_nanos(time.tv_nsec.unsigned_abs()))
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
