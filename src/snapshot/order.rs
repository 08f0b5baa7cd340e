//! Which of two contents of an entity is the newer one, where the vendor says so. Pure.
//!
//! A resource may name the place in an entity that rises with each change: a version number, or
//! the time of the last change in RFC 3339 form. Both are read as one whole number (times as
//! Unix microseconds), so that they compare. What is neither says nothing, and then the order of
//! looking decides, as it does where no place is named.

use serde_json::Value;

/// The rank of a content by the value at this JSON pointer; higher is newer.
pub(crate) fn rank_of(json: &[u8], pointer: &str) -> Option<i64> {
    let content: Value = serde_json::from_slice(json).ok()?;
    rank(content.pointer(pointer)?)
}

/// The rank that a value stands for.
pub(crate) fn rank(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().or_else(|| rfc3339_micros(text)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `YYYY-MM-DDThh:mm:ss[.d…](Z|±hh:mm)` of RFC 3339, section 5.6, as Unix microseconds; digits
/// beyond those are cut off.
fn rfc3339_micros(text: &str) -> Option<i64> {
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
    let mut clock = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let is_time = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    if !is_time {
        return None;
    }
    let (micros, zone) = fraction(rest)?;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        - offset_s(zone)?;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// The microseconds behind a dot, and what comes after them.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let mut six: String = rest.get(..end.min(6))?.to_owned();
    if six.is_empty() {
        return None;
    }
    while six.len() < 6 {
        six.push('0');
    }
    Some((digits(&six)?, rest.get(end..)?))
}

fn offset_s(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    (hours.len() == 2 && minutes.len() == 2).then_some(())?;
    Some(sign * (digits(hours)? * 3600 + digits(minutes)? * 60))
}

fn digits(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Days from 1970-01-01 in the Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_times_are_whole_numbers_and_the_rest_says_nothing() {
        for (json, expected) in [
            (r#"{"v":7}"#, Some(7)),
            (r#"{"v":"12"}"#, Some(12)),
            (r#"{"v":"1970-01-01T00:00:01Z"}"#, Some(1_000_000)),
            (
                r#"{"v":"2026-11-27T18:54:21.5+01:00"}"#,
                Some(1_795_802_061_500_000),
            ),
            (
                r#"{"v":"2026-11-27 17:54:21.500000999Z"}"#,
                Some(1_795_802_061_500_000),
            ),
            (
                r#"{"v":"2000-02-29T00:00:00-00:30"}"#,
                Some(951_784_200_000_000),
            ),
            (r#"{"v":1.5}"#, None),
            (r#"{"v":"2026-13-01T00:00:00Z"}"#, None),
            (r#"{"v":"2026-11-27T18:54:21"}"#, None),
            (r#"{"v":"2026-11-27T18:54:21.Z"}"#, None),
            (r#"{"v":"tomorrow"}"#, None),
            (r#"{"v":null}"#, None),
            ("{}", None),
            ("no json", None),
        ] {
            assert_eq!(rank_of(json.as_bytes(), "/v"), expected, "{json}");
        }
    }
}
