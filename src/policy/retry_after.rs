//! What a vendor means by `Retry-After` (RFC 9110, section 10.2.3).
//!
//! Digits are seconds; anything else must be one of the three HTTP dates, and is measured against
//! the response's own `Date` where it has one, so that a vendor's wrong clock cancels out. A date
//! that has passed means now. What is neither is ignored: a sender's garbage must not stop calls.
//! Numbers that nobody can mean are cut to [`MAX`] and say so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::UnixMs;

/// Longer waits than a year are not believed.
pub const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A vendor can keep its connection closed for so long at most; then it is asked again.
pub const HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A field that could be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// How long to stay away, at most [`MAX`].
    pub wait: Duration,
    /// Whether the vendor asked for more than [`MAX`].
    pub was_clamped: bool,
}

/// Reads the field's value. `date` is the response's `Date`, `now` stands in where that is absent
/// or cannot be read.
pub fn parse(value: &[u8], date: Option<&[u8]>, now: UnixMs) -> Option<RetryAfter> {
    let text = trimmed(value)?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that overflow are a very long time, which is what the clamp is for.
        return Some(clamped(Duration::from_secs(
            text.parse().unwrap_or(u64::MAX),
        )));
    }
    let until = http_date(text)?;
    let base = date.and_then(trimmed).and_then(http_date).unwrap_or(now);
    Some(clamped(until.since(base)))
}

fn clamped(wait: Duration) -> RetryAfter {
    RetryAfter {
        wait: wait.min(MAX),
        was_clamped: wait > MAX,
    }
}

/// The value without optional white space; `None` where nothing or no text is left.
fn trimmed(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    (!text.is_empty()).then_some(text)
}

fn http_date(text: &str) -> Option<UnixMs> {
    let time: SystemTime = httpdate::parse_http_date(text).ok()?;
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMs(i64::try_from(since_1970.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2015-10-21T07:26:00Z.
    const NOW: UnixMs = UnixMs(1_445_412_360_000);

    fn seconds(value: &str) -> Option<u64> {
        parse(value.as_bytes(), None, NOW).map(|found| found.wait.as_secs())
    }

    #[test]
    fn values_as_senders_write_them() {
        let rows = [
            ("120", Some(120)),
            ("0", Some(0)),
            (" 5 ", Some(5)),
            ("\t5", Some(5)),
            ("007", Some(7)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(120)),
            ("Wednesday, 21-Oct-15 07:28:00 GMT", Some(120)),
            ("Wed Oct 21 07:28:00 2015", Some(120)),
            ("Wed, 21 Oct 2015 07:25:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("  ", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1e3", None),
            ("5s", None),
            ("5 5", None),
            ("120, 120", None),
            ("soon", None),
            ("2015-10-21T07:28:00Z", None),
            ("Wed, 32 Oct 2015 07:28:00 GMT", None),
            ("٣", None),
        ];
        for (value, expected) in rows {
            assert_eq!(seconds(value), expected, "{value:?}");
        }
        assert_eq!(parse(b"\xff", None, NOW), None);
    }

    #[test]
    fn what_nobody_can_mean_is_clamped() {
        for value in [
            "31536001",
            "99999999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            let found = parse(value.as_bytes(), None, NOW).unwrap();
            assert_eq!((found.wait, found.was_clamped), (MAX, true), "{value}");
        }
        assert!(!parse(b"31536000", None, NOW).unwrap().was_clamped);
    }

    #[test]
    fn a_date_is_measured_against_the_response_s_own() {
        let until = b"Wed, 21 Oct 2015 07:28:00 GMT";
        let rows: [(&[u8], u64); 3] = [
            (b"Wed, 21 Oct 2015 07:27:50 GMT", 10),
            (b"Wed, 21 Oct 2015 09:00:00 GMT", 0),
            (b"garbage", 120),
        ];
        for (date, expected) in rows {
            let found = parse(until, Some(date), NOW).unwrap();
            assert_eq!(found.wait, Duration::from_secs(expected));
        }
        assert_eq!(
            parse(b"7", Some(b"Wed, 21 Oct 2015 09:00:00 GMT"), NOW)
                .unwrap()
                .wait,
            Duration::from_secs(7)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_can_do_harm(value: Vec<u8>, date: Option<Vec<u8>>, now: i64) {
            if let Some(found) = parse(&value, date.as_deref(), UnixMs(now)) {
                prop_assert!(found.wait <= MAX);
            }
        }

        #[test]
        fn digits_are_seconds(value: u32) {
            let found = parse(value.to_string().as_bytes(), None, NOW).unwrap();
            prop_assert_eq!(found.wait, Duration::from_secs(value.into()).min(MAX));
        }
    }
}
