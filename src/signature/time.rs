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

/// A signed time in Unix milliseconds, more than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    ms: i64,
}

impl Stamp {
    /// Reads the strict grammar of Unix seconds.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            ms: number(text)?.saturating_mul(1000),
        })
    }

    /// Unix seconds that were read already.
    pub(crate) fn of_seconds(seconds: i64) -> Result<Self, Refusal> {
        let ms = seconds.saturating_mul(1000);
        (ms > 0)
            .then_some(Self { ms })
            .ok_or(Refusal::MalformedTimestamp)
    }

    /// Reads Unix milliseconds, exactly 13 digits (the years 2001 to 2286): where no separator
    /// stands beside the time, no digit can then be moved between it and its neighbour.
    pub(crate) fn parse_millis(text: &[u8]) -> Result<Self, Refusal> {
        if text.len() != 13 {
            return Err(Refusal::MalformedTimestamp);
        }
        Ok(Self { ms: number(text)? })
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.d…]Z` of RFC 3339 in UTC, up to nanoseconds, rounded to
    /// milliseconds.
    pub(crate) fn parse_rfc3339(text: &[u8]) -> Result<Self, Refusal> {
        rfc3339_ms(text)
            .filter(|ms| *ms > 0)
            .map(|ms| Self { ms })
            .ok_or(Refusal::MalformedTimestamp)
    }

    /// In Unix milliseconds; times beyond the range stay at its end, which no window reaches.
    pub(crate) fn as_ms(self) -> i64 {
        self.ms
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

/// `^[1-9]\d{0,15}$`.
fn number(text: &[u8]) -> Result<i64, Refusal> {
    let starts_well = text.first().is_some_and(|b| matches!(b, b'1'..=b'9'));
    if !starts_well || text.len() > MAX_DIGITS || !text.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::MalformedTimestamp);
    }
    Ok(value_of(text))
}

/// The value of a few digits.
fn value_of(digits: &[u8]) -> i64 {
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

fn rfc3339_ms(text: &[u8]) -> Option<i64> {
    let (whole, rest) = text.split_at_checked(19)?;
    let fits = |(at, b): (usize, &u8)| match at {
        4 | 7 => *b == b'-',
        10 => *b == b'T',
        13 | 16 => *b == b':',
        _ => b.is_ascii_digit(),
    };
    if !whole.iter().enumerate().all(fits) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to).map(value_of);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let is_time = hour < 24 && minute < 60 && second < 60;
    if !is_time || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let seconds = ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000 + fraction_ms(rest)?)
}

/// Of `[.d…]Z`, one to nine digits.
fn fraction_ms(text: &[u8]) -> Option<i64> {
    let digits = match text.strip_suffix(b"Z")? {
        [] => return Some(0),
        fraction => fraction.strip_prefix(b".")?,
    };
    if !(1..=9).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut nanoseconds = [b'0'; 9];
    for (to, from) in nanoseconds.iter_mut().zip(digits) {
        *to = *from;
    }
    Some((value_of(&nanoseconds) + 500_000) / 1_000_000)
}

/// `YYYYMMDDhhmmssZ` of a certificate (RFC 5280 section 4.1.2.5), in Unix milliseconds.
pub(crate) fn certificate_time_ms(text: &[u8]) -> Option<i64> {
    let digits = text
        .strip_suffix(b"Z")
        .filter(|digits| digits.len() == 14)?;
    let part = |from: usize, to: usize| digits.get(from..to);
    let date = [part(0, 4)?, part(4, 6)?, part(6, 8)?].join(&b"-"[..]);
    let time = [part(8, 10)?, part(10, 12)?, part(12, 14)?].join(&b":"[..]);
    rfc3339_ms(&[&date, &b"T"[..], &time, b"Z"].concat())
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let days_to_year = past * 365 + past / 4 - past / 100 + past / 400;
    let days_to_month: i64 = (1..month).map(|month| days_of(year, month)).sum();
    days_to_year + days_to_month + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_positive_seconds_are_a_timestamp() {
        for (text, expected) in [("1", 1), ("1614265330", 1_614_265_330)] {
            assert_eq!(
                Stamp::parse(text.as_bytes()),
                Ok(Stamp {
                    ms: expected * 1000
                })
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
            ms: 1_700_000_000_000,
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
        let last = Stamp::parse(b"9999999999999999").unwrap();
        assert_eq!(last.as_ms(), i64::MAX);
        assert_eq!(
            last.check(Duration::from_secs(300), UnixMs(0)),
            Err(Refusal::TimestampInFuture)
        );
        assert_eq!(
            last.check(Duration::from_secs(300), UnixMs(i64::MIN)),
            Err(Refusal::TimestampInFuture)
        );
        let first = Stamp { ms: 1000 };
        assert_eq!(
            first.check(Duration::from_secs(300), UnixMs(i64::MAX)),
            Err(Refusal::TimestampTooOld)
        );
    }

    #[test]
    fn milliseconds_are_thirteen_digits() {
        let read = Stamp::parse_millis(b"1700000000001");
        assert_eq!(read.map(Stamp::as_ms), Ok(1_700_000_000_001));
        for bad in [
            "170000000000",
            "17000000000001",
            "0700000000001",
            "1.70000000000",
            "",
        ] {
            let read = Stamp::parse_millis(bad.as_bytes());
            assert_eq!(read, Err(Refusal::MalformedTimestamp), "{bad:?}");
        }
    }

    #[test]
    fn times_of_certificates_are_read() {
        for (text, ms) in [
            ("20270101000000Z", Some(1_798_761_600_000)),
            ("19700101000000Z", Some(0)),
            ("99991231235959Z", Some(253_402_300_799_000)),
            ("20270101000000", None),
            ("202701010000Z", None),
            ("20271301000000Z", None),
            ("2027010100000+Z", None),
        ] {
            assert_eq!(certificate_time_ms(text.as_bytes()), ms, "{text}");
        }
    }

    #[test]
    fn rfc_3339_in_utc_is_read_to_the_millisecond() {
        for (text, ms) in [
            ("1970-01-01T00:00:01Z", 1_000),
            ("2022-10-26T22:36:43.127892259Z", 1_666_823_803_128),
            ("2022-10-26T22:36:43.1Z", 1_666_823_803_100),
            ("2024-02-29T23:59:59.9996Z", 1_709_251_200_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ] {
            let read = Stamp::parse_rfc3339(text.as_bytes());
            assert_eq!(read, Ok(Stamp { ms }), "{text}");
        }
        for bad in [
            "",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2023-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2022-13-01T00:00:00Z",
            "2022-00-01T00:00:00Z",
            "2022-04-31T00:00:00Z",
            "2022-01-00T00:00:00Z",
            "2022-01-01T24:00:00Z",
            "2022-01-01T00:60:00Z",
            "2022-01-01T00:00:60Z",
            "2022-01-01 00:00:00Z",
            "2022-01-01T00:00:00z",
            "2022-01-01T00:00:00",
            "2022-01-01T00:00:00.Z",
            "2022-01-01T00:00:00.1234567890Z",
            "2022-01-01T00:00:00+00:00",
            "2022-01-01T00:00:0+Z",
        ] {
            let read = Stamp::parse_rfc3339(bad.as_bytes());
            assert_eq!(read, Err(Refusal::MalformedTimestamp), "{bad:?}");
        }
    }
}
