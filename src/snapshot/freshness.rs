//! What may be shown of a snapshot, by its age. Pure.
//!
//! After RFC 5861: fresh until `fresh_until_ms`; after that it may stand in for the vendor's
//! answer for the resource's `stale_if_error`, or without bound where that is not given; then the
//! outage must show.

use std::time::Duration;

use crate::store::Record;

/// What may be done with a snapshot of this age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Shown as it is.
    Fresh,
    /// Shown, and to be refreshed.
    Stale,
    /// Not shown.
    TooStale,
}

/// Judges by the store's clock, Unix milliseconds.
pub fn judge(fresh_until_ms: i64, stale_if_error: Option<Duration>, now_ms: i64) -> Freshness {
    if now_ms < fresh_until_ms {
        return Freshness::Fresh;
    }
    let is_bearable =
        stale_if_error.is_none_or(|bound| now_ms < fresh_until_ms.saturating_add(millis(bound)));
    if is_bearable {
        Freshness::Stale
    } else {
        Freshness::TooStale
    }
}

/// Until when a row is fresh. One that a clock wrote which was ahead, and was set back since, is
/// not fresh for as long as that: it is stale now.
pub fn fresh_until_ms(record: &Record, now_ms: i64) -> i64 {
    if record.is_ahead(now_ms) {
        record.due_at_ms.min(now_ms)
    } else {
        record.due_at_ms
    }
}

/// Seconds for a page's max-age, rounded down; 0 once it is stale.
pub fn max_age_s(fresh_until_ms: i64, now_ms: i64) -> i64 {
    fresh_until_ms.saturating_sub(now_ms).max(0) / 1000
}

/// A span in milliseconds.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Freshness::{Fresh, Stale, TooStale};

    #[test]
    fn age_decides_at_the_millisecond() {
        let bound = Some(Duration::from_millis(500));
        for (now_ms, stale_if_error, expected) in [
            (999, bound, Fresh),
            (1000, bound, Stale),
            (1499, bound, Stale),
            (1500, bound, TooStale),
            (i64::MAX, None, Stale),
            (1000, Some(Duration::ZERO), TooStale),
            (i64::MAX, Some(Duration::MAX), TooStale),
        ] {
            assert_eq!(judge(1000, stale_if_error, now_ms), expected, "at {now_ms}");
        }
    }

    #[test]
    fn max_age_never_promises_more_than_is_left() {
        assert_eq!(max_age_s(10_000, 8_001), 1);
        assert_eq!(max_age_s(10_000, 9_001), 0);
        assert_eq!(max_age_s(10_000, 20_000), 0);
    }
}
