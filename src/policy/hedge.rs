//! Whether a late attempt is joined by a second one.
//!
//! After a fixed delay, or after the time in which all but the slowest attempts have answered
//! (Dean and Barroso, "The Tail at Scale", 2013), the same request is sent once more, and the
//! first usable answer counts. Only where doing it twice is doing it once: an idempotent method or
//! an idempotency key. At most one hedge for each attempt, and each takes a permit of the breaker,
//! the throttle and the concurrency limit and a token of the retry budget, so that a vendor that
//! is slow throughout is not called twice as often.
//!
//! [`Latencies`] is what the segment counts for a percentile: a histogram with four buckets to the
//! doubling, from 1 ms to 4.6 minutes. Losing it costs hedges until there are enough samples anew.

use std::{ops::RangeInclusive, time::Duration};

/// Buckets of the histogram.
pub const BUCKETS: usize = 72;
/// What a fixed delay may be.
pub const AFTER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);
/// Samples without which no percentile is believed.
pub const SAMPLES_MIN: u64 = 50;
/// Samples at which all buckets are halved, so that a vendor's yesterday does not count for ever.
pub const SAMPLES_MAX: u64 = 4096;

/// When the second attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Options {
    /// After so long.
    After(Duration),
    /// After the time in which this share of attempts, in thousandths, has answered.
    Percentile(u32),
}

impl Options {
    /// A share above 0.5 and below 1.
    pub fn percentile(share: f64) -> Option<Self> {
        (share > 0.5 && share < 1.0).then(|| Self::Percentile(thousandths(share)))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 0..1"
)]
fn thousandths(share: f64) -> u32 {
    (share * 1000.0).round() as u32
}

/// The bucket of a latency.
pub fn bucket(latency: Duration) -> usize {
    let millis = u64::try_from(latency.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let doublings = 63 - millis.leading_zeros() as usize;
    // The two bits after the leading one.
    let quarter = usize::try_from((millis << (63 - doublings)) >> 61 & 3).unwrap_or(0);
    (doublings * 4 + quarter).min(BUCKETS - 1)
}

/// The latency that everything in a bucket lies below.
pub fn upper_bound(bucket: usize) -> Duration {
    let (doublings, quarter) = (bucket / 4, bucket % 4);
    let quarters = 1_u64
        .checked_shl(u32::try_from(doublings).unwrap_or(u32::MAX))
        .unwrap_or(u64::MAX)
        .saturating_mul(5 + quarter as u64);
    Duration::from_millis(quarters.div_ceil(4))
}

/// How long the first attempt is waited for; `None` where it is not known yet.
pub fn delay(options: Options, counts: &[u64; BUCKETS]) -> Option<Duration> {
    let thousandths = match options {
        Options::After(delay) => return Some(delay),
        Options::Percentile(thousandths) => thousandths,
    };
    let total: u64 = counts.iter().sum();
    if total < SAMPLES_MIN {
        return None;
    }
    let wanted = total.saturating_mul(thousandths.into()).div_ceil(1000);
    let mut seen = 0_u64;
    counts.iter().enumerate().find_map(|(place, count)| {
        seen = seen.saturating_add(*count);
        (seen >= wanted).then(|| upper_bound(place))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn latencies_fall_into_quarters_of_a_doubling() {
        let rows = [
            (0, 0),
            (1, 0),
            (2, 4),
            (3, 6),
            (4, 8),
            (5, 9),
            (7, 11),
            (8, 12),
            (100, 26),
            (1000, 39),
            (u64::MAX, 71),
        ];
        for (latency_ms, expected) in rows {
            assert_eq!(bucket(ms(latency_ms)), expected, "{latency_ms}");
        }
    }

    #[test]
    fn the_delay_covers_the_share_that_was_asked_for() {
        let mut counts = [0; BUCKETS];
        counts[bucket(ms(10))] = 95;
        counts[bucket(ms(500))] = 5;
        let rows = [(0.9, 12), (0.95, 12), (0.96, 512), (0.999, 512)];
        for (share, expected_ms) in rows {
            let options = Options::percentile(share).unwrap();
            assert_eq!(delay(options, &counts), Some(ms(expected_ms)), "{share}");
        }
    }

    #[test]
    fn few_samples_are_not_believed_and_a_fixed_delay_needs_none() {
        let mut counts = [0; BUCKETS];
        counts[20] = SAMPLES_MIN - 1;
        assert_eq!(delay(Options::Percentile(950), &counts), None);
        assert_eq!(delay(Options::After(ms(70)), &counts), Some(ms(70)));
    }

    #[test]
    fn shares_that_are_none_cannot_be_said() {
        for share in [0.0, 0.5, 1.0, -1.0, f64::NAN] {
            assert_eq!(Options::percentile(share), None, "{share}");
        }
    }

    proptest! {
        #[test]
        fn a_latency_lies_below_its_buckets_bound_and_not_far(latency_ms in 1_u64..200_000) {
            let bound = upper_bound(bucket(ms(latency_ms)));
            prop_assert!(ms(latency_ms) <= bound);
            prop_assert!(bound <= ms(latency_ms * 5 / 4 + 1));
        }
    }
}
