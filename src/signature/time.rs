//! The time that a sender signed, and the window in which it is taken.
//!
//! A timestamp is `^[1-9]\d{0,15}$`: official SDKs that parse with their language's number reader
//! take `+1`, `1e9` or `1 ` too, and then two readers of one delivery can see two times. The window
//! is checked on both sides and both edges belong to it: a delivery from the future can be kept
//! and replayed for as long as its lead, which is why several SDKs' age-only check is not enough.

use std::time::Duration;

use super::Refusal;
use crate::clock::UnixMs;

/// Sixteen digits of seconds; what is longer is not a time.
const MAX_DIGITS: usize = 16;

/// A signed time in Unix seconds, more than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    seconds: i64,
}

impl Stamp {
    /// Reads the strict grammar.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let starts_well = text.first().is_some_and(|b| matches!(b, b'1'..=b'9'));
        if !starts_well || text.len() > MAX_DIGITS || !text.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::MalformedTimestamp);
        }
        let digits = text.iter().map(|b| i64::from(b - b'0'));
        Ok(Self {
            seconds: digits.fold(0, |sum, digit| sum * 10 + digit),
        })
    }

    /// In Unix milliseconds; times beyond the range stay at its end, which no window reaches.
    pub(crate) fn as_ms(self) -> i64 {
        self.seconds.saturating_mul(1000)
    }

    /// Whether `now` is within `tolerance` of this time, both edges included.
    pub(crate) fn check(self, tolerance: Duration, now: UnixMs) -> Result<(), Refusal> {
        let tolerance_ms = i64::try_from(tolerance.as_millis()).unwrap_or(i64::MAX);
        let age_ms = now.0.saturating_sub(self.as_ms());
        if age_ms > tolerance_ms {
            return Err(Refusal::TimestampTooOld);
        }
        if age_ms < -tolerance_ms {
            return Err(Refusal::TimestampInFuture);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_positive_seconds_are_a_timestamp() {
        for (text, expected) in [
            ("1", 1),
            ("1614265330", 1_614_265_330),
            ("9999999999999999", 9_999_999_999_999_999),
        ] {
            assert_eq!(
                Stamp::parse(text.as_bytes()),
                Ok(Stamp { seconds: expected })
            );
        }
        for bad in [
            "",
            "0",
            "01",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e9",
            "0x1",
            "1614265330abc",
            "12345678901234567",
            "١",
            "1\n",
        ] {
            assert_eq!(
                Stamp::parse(bad.as_bytes()),
                Err(Refusal::MalformedTimestamp),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn both_edges_belong_to_the_window() {
        let stamp = Stamp {
            seconds: 1_700_000_000,
        };
        let tolerance = Duration::from_secs(300);
        for (offset_ms, expected) in [
            (-300_001, Err(Refusal::TimestampInFuture)),
            (-300_000, Ok(())),
            (0, Ok(())),
            (300_000, Ok(())),
            (300_001, Err(Refusal::TimestampTooOld)),
        ] {
            assert_eq!(
                stamp.check(tolerance, UnixMs(1_700_000_000_000 + offset_ms)),
                expected,
                "{offset_ms}"
            );
        }
    }

    #[test]
    fn the_largest_times_do_not_wrap_around() {
        let last = Stamp {
            seconds: 9_999_999_999_999_999,
        };
        assert_eq!(
            last.check(Duration::from_secs(300), UnixMs(0)),
            Err(Refusal::TimestampInFuture)
        );
        assert_eq!(
            last.check(Duration::from_secs(300), UnixMs(i64::MIN)),
            Err(Refusal::TimestampInFuture)
        );
        let first = Stamp { seconds: 1 };
        assert_eq!(
            first.check(Duration::from_secs(300), UnixMs(i64::MAX)),
            Err(Refusal::TimestampTooOld)
        );
    }
}
