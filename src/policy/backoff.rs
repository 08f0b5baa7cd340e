//! How long to wait before the next attempt, where the vendor did not say.
//!
//! Full jitter, after AWS ("Exponential Backoff And Jitter"): a uniform draw between nothing and
//! `base · 2^(failures − 1)`, at most `max`. Spread over the whole interval, clients that failed
//! together do not come back together. No state.

use std::time::Duration;

/// The bounds of the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bounds the wait after the first failure.
    pub base: Duration,
    /// Bounds every wait.
    pub max: Duration,
}

impl Default for Options {
    /// 100 ms, doubling up to 5 s.
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            max: Duration::from_secs(5),
        }
    }
}

/// The longest wait after so many failed attempts (1 after the first).
pub fn ceiling(options: &Options, failures: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    options.base.saturating_mul(factor).min(options.max)
}

/// The wait after so many failed attempts; `random` is at least 0 and below 1.
pub fn delay(options: &Options, failures: u32, random: f64) -> Duration {
    let share = if random.is_finite() {
        random.clamp(0.0, 1.0)
    } else {
        1.0
    };
    let ceiling = ceiling(options, failures);
    Duration::try_from_secs_f64(ceiling.as_secs_f64() * share)
        .map_or(ceiling, |wait| wait.min(ceiling))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options(base_ms: u64, max_ms: u64) -> Options {
        Options {
            base: Duration::from_millis(base_ms),
            max: Duration::from_millis(max_ms),
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
                ceiling(&options(100, 5000), failures),
                Duration::from_millis(ceiling_ms),
                "{failures}"
            );
        }
    }

    #[test]
    fn the_draw_covers_the_whole_interval() {
        let rows = [
            (0.0, 0),
            (0.25, 100),
            (0.5, 200),
            (1.0, 400),
            (7.0, 400),
            (-1.0, 0),
            (f64::NAN, 400),
        ];
        for (random, wait_ms) in rows {
            assert_eq!(
                delay(&options(100, 5000), 3, random),
                Duration::from_millis(wait_ms),
                "{random}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_never_beyond_its_ceiling(base_ms in 0_u64..10_000, max_ms in 0_u64..100_000, failures: u32, random: f64) {
            let options = options(base_ms, max_ms);
            let wait = delay(&options, failures, random);
            prop_assert!(wait <= ceiling(&options, failures));
            prop_assert!(wait <= options.max);
        }
    }
}
