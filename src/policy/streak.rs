//! Whether a vendor fails so steadily that repeating would only add to its load.
//!
//! All workers of a host share one count of failed attempts in a row. A retry is taken only while
//! the streak is shorter than [`Options::limit`], which is looked at when the retry is decided and
//! again after its backoff. Each retry follows a failure of its own that is in the streak, so a
//! vendor that answers nothing but failures sees **fewer than `limit` retries in all**, however
//! many workers call, however full the retry budget is. With the limit at a sixth of the breaker's
//! `min_calls` (and one), the attempts until the breaker opens are at most 1.2 for each call. The
//! budget alone cannot promise that: what a quiet connection has saved up buys a storm's start.
//!
//! A success ends the streak, as does a pause of a window's length between two failures. A single
//! failure is always retried. [`Streak`] is what the segment keeps; losing it costs a few retries.

use std::time::Duration;

use super::breaker::Window;
use crate::clock::Monotonic;

/// The limit where there is no breaker to derive it from.
const LIMIT_DEFAULT: u32 = 4;
/// How far apart two failures of one streak may be, where no window of time says so.
const GAP_DEFAULT: Duration = Duration::from_secs(30);
/// Of the outcomes that a breaker needs, so many may be retries: a sixth.
const SHARE_OF_MIN_CALLS: u32 = 6;
/// Longer streaks are not told apart.
pub const COUNT_MAX: u32 = 0xffff;

/// What counts as a streak, and how long a one ends retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    limit: u32,
    gap: Duration,
}

impl Options {
    /// For a breaker that needs so many outcomes, over this window.
    pub fn for_breaker(min_calls: u32, window: Window) -> Self {
        Self {
            limit: (1 + min_calls / SHARE_OF_MIN_CALLS).clamp(2, COUNT_MAX),
            gap: match window {
                Window::Time(span) => span,
                Window::Calls(_) => GAP_DEFAULT,
            },
        }
    }

    /// From so many failures in a row on, nothing is retried.
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

impl Default for Options {
    /// Four failures, each within 30 s of the one before.
    fn default() -> Self {
        Self {
            limit: LIMIT_DEFAULT,
            gap: GAP_DEFAULT,
        }
    }
}

/// Failures in a row, and when the last of them was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// At most [`COUNT_MAX`].
    pub count: u32,
    /// Of the last one, milliseconds since boot.
    pub last_ms: u64,
}

/// The streak after another failure.
#[must_use]
pub fn failed(options: &Options, streak: Streak, now: Monotonic) -> Streak {
    let count = current(options, streak, now).saturating_add(1);
    Streak {
        count: count.min(COUNT_MAX),
        last_ms: streak.last_ms.max(now.as_millis()),
    }
}

/// Whether a retry may still be taken.
pub fn allows_retry(options: &Options, streak: Streak, now: Monotonic) -> bool {
    current(options, streak, now) < options.limit
}

/// The failures that still count.
fn current(options: &Options, streak: Streak, now: Monotonic) -> u32 {
    let since_last = now.since(Monotonic::from_millis(streak.last_ms));
    if since_last < options.gap {
        streak.count
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::from_millis(ms)
    }

    fn options() -> Options {
        Options::for_breaker(20, Window::Time(GAP_DEFAULT))
    }

    #[test]
    fn the_limit_is_a_sixth_of_what_the_breaker_needs_and_one() {
        let rows = [
            (1, 2),
            (5, 2),
            (10, 2),
            (12, 3),
            (20, 4),
            (100, 17),
            (100_000, 16_667),
        ];
        for (min_calls, limit) in rows {
            let options = Options::for_breaker(min_calls, Window::Calls(100));
            assert_eq!(options.limit(), limit, "{min_calls}");
        }
        assert_eq!(Options::default(), options());
    }

    #[test]
    fn a_single_failure_is_retried_and_the_fourth_in_a_row_is_not() {
        let mut streak = Streak::default();
        let allowed: Vec<bool> = (0..5)
            .map(|step| {
                streak = failed(&options(), streak, at(1_000_000 + step));
                allows_retry(&options(), streak, at(1_000_000 + step))
            })
            .collect();
        assert_eq!(allowed, [true, true, true, false, false]);
    }

    #[test]
    fn a_pause_of_a_window_ends_it() {
        let streak = Streak {
            count: 9,
            last_ms: 1_000_000,
        };
        let rows = [(0, false), (29_999, false), (30_000, true)];
        for (later_ms, expected) in rows {
            let now = at(1_000_000 + later_ms);
            assert_eq!(
                allows_retry(&options(), streak, now),
                expected,
                "{later_ms}"
            );
        }
        assert_eq!(failed(&options(), streak, at(1_030_000)).count, 1);
        assert_eq!(failed(&options(), streak, at(1_000_001)).count, 10);
    }

    #[test]
    fn it_does_not_overflow() {
        let streak = Streak {
            count: COUNT_MAX,
            last_ms: u64::MAX,
        };
        assert_eq!(failed(&options(), streak, at(5)).count, COUNT_MAX);
    }

    proptest! {
        /// Workers that fail, wait out their backoff, look again and repeat, in any order.
        #[test]
        fn a_storm_sees_fewer_retries_than_the_limit(min_calls in 1_u32..200, order in prop::collection::vec(0_usize..16, 0..600)) {
            let options = Options::for_breaker(min_calls, Window::Time(GAP_DEFAULT));
            let (mut streak, mut waiting, mut retries, mut calls) = (Streak::default(), [false; 16], 0, 0);
            for (ms, worker) in (1_000_000..).zip(order) {
                let Some(is_waiting) = waiting.get_mut(worker) else { continue };
                if *is_waiting && allows_retry(&options, streak, at(ms)) {
                    retries += 1;
                } else {
                    calls += 1;
                }
                streak = failed(&options, streak, at(ms));
                *is_waiting = allows_retry(&options, streak, at(ms));
            }
            prop_assert!(retries < options.limit());
            if min_calls >= 12 && calls + retries >= min_calls {
                prop_assert!(f64::from(calls + retries) <= 1.2 * f64::from(calls));
            }
        }
    }
}
