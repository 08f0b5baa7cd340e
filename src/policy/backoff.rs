//! How long to wait before the next attempt, where the vendor did not say.
//!
//! The ceiling after so many failures is `base · 2^(failures − 1)`, at most `max`; a random draw
//! below it keeps clients that failed together from coming back together. The three draws of AWS's
//! "Exponential Backoff And Jitter":
//!
//! | jitter | draw |
//! |---|---|
//! | full | between nothing and the ceiling |
//! | equal | between half the ceiling and the ceiling |
//! | decorrelated | between `base` and three times the wait before, at most `max` |
//!
//! No state: the wait before is the caller's.

use std::time::Duration;

/// How a wait is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Spread over the whole interval: the least load, the default.
    #[default]
    Full,
    /// Never below half the ceiling: for vendors that count quick repeats.
    Equal,
    /// Grows from the wait before in place of the number of failures.
    Decorrelated,
}

impl Jitter {
    /// All of them by the name that options give.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("full", Self::Full),
        ("equal", Self::Equal),
        ("decorrelated", Self::Decorrelated),
    ];
}

/// The bounds of the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bounds the wait after the first failure.
    pub base: Duration,
    /// Bounds every wait.
    pub max: Duration,
    /// How a wait is drawn.
    pub jitter: Jitter,
}

impl Default for Options {
    /// 100 ms, doubling up to 5 s, full jitter.
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            max: Duration::from_secs(5),
            jitter: Jitter::Full,
        }
    }
}

/// The longest wait after so many failed attempts (1 after the first), but for decorrelated jitter.
pub fn ceiling(options: &Options, failures: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    options.base.saturating_mul(factor).min(options.max)
}

/// The wait after so many failed attempts. `before` is the wait drawn last, `None` after the first
/// failure; `random` is at least 0 and below 1.
pub fn delay(options: &Options, failures: u32, before: Option<Duration>, random: f64) -> Duration {
    match options.jitter {
        Jitter::Full => between(Duration::ZERO, ceiling(options, failures), random),
        Jitter::Equal => {
            let ceiling = ceiling(options, failures);
            between(ceiling / 2, ceiling, random)
        }
        Jitter::Decorrelated => {
            let base = options.base.min(options.max);
            let above = before.unwrap_or(base).max(base).saturating_mul(3);
            between(base, above, random).min(options.max)
        }
    }
}

/// A point between two spans; the upper one where the draw is no number.
fn between(low: Duration, high: Duration, random: f64) -> Duration {
    let share = if random.is_finite() {
        random.clamp(0.0, 1.0)
    } else {
        1.0
    };
    let width = high.saturating_sub(low);
    Duration::try_from_secs_f64(width.as_secs_f64() * share)
        .map_or(high, |part| low.saturating_add(part).min(high))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JITTERS: [Jitter; 3] = [Jitter::Full, Jitter::Equal, Jitter::Decorrelated];

    fn options(base_ms: u64, max_ms: u64, jitter: Jitter) -> Options {
        Options {
            base: Duration::from_millis(base_ms),
            max: Duration::from_millis(max_ms),
            jitter,
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_maximum() {
        let rows = [
            (0, 100),
            (1, 100),
            (2, 200),
            (3, 400),
            (6, 3200),
            (7, 5000),
            (32, 5000),
            (33, 5000),
            (u32::MAX, 5000),
        ];
        for (failures, ceiling_ms) in rows {
            assert_eq!(
                ceiling(&options(100, 5000, Jitter::Full), failures),
                Duration::from_millis(ceiling_ms),
                "{failures}"
            );
        }
    }

    #[test]
    fn each_jitter_covers_its_interval() {
        use Jitter::{Decorrelated, Equal, Full};
        let rows = [
            (Full, None, 0.0, 0),
            (Full, None, 0.25, 100),
            (Full, None, 0.5, 200),
            (Full, None, 1.0, 400),
            (Full, None, 7.0, 400),
            (Full, None, -1.0, 0),
            (Full, None, f64::NAN, 400),
            (Equal, None, 0.0, 200),
            (Equal, None, 0.5, 300),
            (Equal, None, 1.0, 400),
            // From 100 ms up to three times the wait before.
            (Decorrelated, None, 0.0, 100),
            (Decorrelated, None, 1.0, 300),
            (Decorrelated, Some(500), 0.5, 800),
            (Decorrelated, Some(4000), 1.0, 5000),
            (Decorrelated, Some(1), 1.0, 300),
        ];
        for (jitter, before_ms, random, wait_ms) in rows {
            assert_eq!(
                delay(
                    &options(100, 5000, jitter),
                    3,
                    before_ms.map(Duration::from_millis),
                    random
                ),
                Duration::from_millis(wait_ms),
                "{jitter:?} {before_ms:?} {random}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_never_outside_its_bounds(base_ms in 0_u64..10_000, more_ms in 0_u64..100_000, failures: u32, before_ms in prop::option::of(0_u64..1_000_000), random: f64) {
            for jitter in JITTERS {
                let options = options(base_ms, base_ms + more_ms, jitter);
                let wait = delay(&options, failures, before_ms.map(Duration::from_millis), random);
                prop_assert!(wait <= options.max, "{jitter:?}");
                match jitter {
                    Jitter::Full => prop_assert!(wait <= ceiling(&options, failures)),
                    Jitter::Equal => {
                        prop_assert!(wait <= ceiling(&options, failures));
                        prop_assert!(wait >= ceiling(&options, failures) / 2);
                    }
                    Jitter::Decorrelated => prop_assert!(wait >= options.base),
                }
            }
        }

        #[test]
        fn decorrelated_waits_grow_at_most_threefold(draws in prop::collection::vec(0.0_f64..1.0, 1..30)) {
            let options = options(100, 60_000, Jitter::Decorrelated);
            let mut before = None;
            for (failures, random) in (1..).zip(draws) {
                let wait = delay(&options, failures, before, random);
                prop_assert!(wait <= before.unwrap_or(options.base).saturating_mul(3));
                before = Some(wait);
            }
        }
    }
}
