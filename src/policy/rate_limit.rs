//! What a vendor says about its limits before and when it refuses calls.
//!
//! | fields | source |
//! |---|---|
//! | `RateLimit`, `RateLimit-Policy` | IETF draft-ietf-httpapi-ratelimit-headers (2025): lists of strings with parameters (RFC 9651) |
//! | `RateLimit-Limit`, `-Remaining`, `-Reset` | its earlier versions: seconds from now |
//! | `X-RateLimit-*`, `X-Rate-Limit-*` | vendors: seconds from now, seconds of Unix time (GitHub), or milliseconds of it |
//!
//! The first of these that is there and well formed counts. A malformed field is ignored as a
//! whole, as the draft demands: a sender's garbage must not stop calls. `Retry-After` goes before
//! all of them ([`asked`]); what is announced ahead of a refusal slows calls down (`throttle.rs`).

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use sfv::{BareItem, Item, List, ListEntry, Parser};

use super::{retry_after, throttle};
use crate::clock::{Monotonic, UnixMs};

/// Numbers from here on are seconds of Unix time (2001) and not a span.
const UNIX_S_MIN: u64 = 1_000_000_000;
/// Numbers from here on are milliseconds of Unix time (1973); as seconds, the year 5138.
const UNIX_MS_MIN: u64 = 100_000_000_000;
/// Of more limits nobody keeps track.
const LIMITS_MAX: usize = 32;
/// The older sets of fields, newest first.
const OLDER: [[&str; 3]; 3] = [
    ["ratelimit-remaining", "ratelimit-limit", "ratelimit-reset"],
    [
        "x-ratelimit-remaining",
        "x-ratelimit-limit",
        "x-ratelimit-reset",
    ],
    [
        "x-rate-limit-remaining",
        "x-rate-limit-limit",
        "x-rate-limit-reset",
    ],
];

/// One limit as it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// The policy that it belongs to; `None` in the older fields.
    pub policy: Option<String>,
    /// Calls that are left.
    pub remaining: u64,
    /// Calls that there are in a window, where it is said.
    pub limit: Option<u64>,
    /// Until there are all of them again, where it is said; at most a year.
    pub reset: Option<Duration>,
    /// Whom it counts, as the vendor writes it.
    pub partition: Option<Vec<u8>>,
}

/// What a vendor allows in general.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// How much there is in a window.
    pub quota: u64,
    /// What is counted: `requests` where it is not said.
    pub unit: Option<String>,
    /// The window's length.
    pub window: Option<Duration>,
    /// Whom it counts.
    pub partition: Option<Vec<u8>>,
}

/// All that a response says about limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// As they stand now.
    pub limits: Vec<Limit>,
    /// In general.
    pub policies: Vec<Quota>,
}

impl RateLimit {
    /// Reads a response's fields at this time.
    pub fn read(headers: &HeaderMap, now: UnixMs) -> Self {
        let policies = list(headers, "ratelimit-policy", quota).unwrap_or_default();
        let mut limits = list(headers, "ratelimit", limit)
            .or_else(|| {
                let older = OLDER.iter().find_map(|names| older(headers, names, now))?;
                Some(vec![older])
            })
            .unwrap_or_default();
        for limit in &mut limits {
            let policy = policies
                .iter()
                .find(|policy| Some(&policy.name) == limit.policy.as_ref());
            limit.limit = limit.limit.or(policy.map(|policy| policy.quota));
        }
        Self { limits, policies }
    }

    /// How long there is nothing left; `None` where something is, or it is not said.
    pub fn exhausted_for(&self) -> Option<Duration> {
        let exhausted = self.limits.iter().filter(|limit| limit.remaining == 0);
        exhausted.filter_map(|limit| limit.reset).max()
    }

    /// How calls are to be spread so that the vendor need not refuse any: the slowest of what its
    /// limits ask for.
    pub fn announced(&self, now: Monotonic) -> Option<throttle::Announced> {
        let spread = self.limits.iter().filter_map(|limit| {
            throttle::announced(limit.remaining, limit.limit, limit.reset?, now)
        });
        spread.max_by_key(|announced| announced.interval)
    }
}

/// Whether there may be anything to read: most answers have none of these fields.
pub fn is_announced(headers: &HeaderMap) -> bool {
    headers.contains_key("ratelimit") || OLDER.iter().any(|[name, ..]| headers.contains_key(*name))
}

/// How long the vendor asks to be left alone: its `Retry-After`, measured against its own `Date`,
/// or the time until an exhausted limit is reset.
pub fn asked(headers: &HeaderMap, now: UnixMs) -> Option<Duration> {
    let date = headers.get(DATE).map(http::HeaderValue::as_bytes);
    headers
        .get(RETRY_AFTER)
        .and_then(|value| retry_after::parse(value.as_bytes(), date, now))
        .map(|found| found.wait)
        .or_else(|| {
            is_announced(headers)
                .then(|| RateLimit::read(headers, now).exhausted_for())
                .flatten()
        })
}

/// A field that is a list; `None` where it is absent, empty or malformed.
fn list<T>(
    headers: &HeaderMap,
    name: &str,
    read: impl Fn(&Item, &str) -> Option<T>,
) -> Option<Vec<T>> {
    let mut lines = headers.get_all(name).iter();
    let mut value = lines.next()?.as_bytes().to_vec();
    for line in lines {
        value.extend_from_slice(b", ");
        value.extend_from_slice(line.as_bytes());
    }
    let members: List = Parser::new(&value).parse().ok()?;
    if members.is_empty() || members.len() > LIMITS_MAX {
        return None;
    }
    members
        .iter()
        .map(|member| match member {
            ListEntry::Item(item) => read(item, item.bare_item.as_string()?.as_str()),
            ListEntry::InnerList(_) => None,
        })
        .collect()
}

fn limit(item: &Item, name: &str) -> Option<Limit> {
    Some(Limit {
        policy: Some(name.to_owned()),
        remaining: number(item, "r")??,
        limit: None,
        reset: number(item, "t")?.map(seconds),
        partition: partition(item)?,
    })
}

fn quota(item: &Item, name: &str) -> Option<Quota> {
    let unit = match parameter(item, "qu") {
        None => None,
        Some(unit) => Some(unit.as_string()?.as_str().to_owned()),
    };
    Some(Quota {
        name: name.to_owned(),
        quota: number(item, "q")??,
        unit,
        window: number(item, "w")?.map(seconds),
        partition: partition(item)?,
    })
}

fn parameter<'item>(item: &'item Item, key: &str) -> Option<&'item BareItem> {
    item.params
        .iter()
        .find(|(name, _)| name.as_str() == key)
        .map(|(_, value)| value)
}

/// The outer `None` is a parameter of the wrong type.
#[expect(
    clippy::option_option,
    reason = "absent and malformed are told apart by the caller's two question marks"
)]
fn number(item: &Item, key: &str) -> Option<Option<u64>> {
    match parameter(item, key) {
        None => Some(None),
        Some(value) => Some(Some(u64::try_from(i64::from(value.as_integer()?)).ok()?)),
    }
}

#[expect(clippy::option_option, reason = "as above")]
fn partition(item: &Item) -> Option<Option<Vec<u8>>> {
    match parameter(item, "pk") {
        None => Some(None),
        Some(value) => Some(Some(value.as_byte_sequence()?.to_vec())),
    }
}

/// One of the older sets of fields; without a count of what is left it says nothing.
fn older(headers: &HeaderMap, [remaining, limit, reset]: &[&str; 3], now: UnixMs) -> Option<Limit> {
    Some(Limit {
        policy: None,
        remaining: leading_number(headers, remaining)?,
        limit: leading_number(headers, limit),
        reset: leading_number(headers, reset).map(|value| span_until(value, now)),
        partition: None,
    })
}

/// The number at the start of a field: `100, 100;w=60` and `12.5` are written as well. A part of
/// a second counts as a whole one.
fn leading_number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let number: u64 = digits.parse().ok()?;
    let (mark, more) = rest.split_at_checked(1).unwrap_or(("", ""));
    match mark {
        "" | "," | ";" | " " => Some(number),
        "." if !more.is_empty() && more.bytes().all(|byte| byte.is_ascii_digit()) => {
            let is_whole = more.bytes().all(|byte| byte == b'0');
            Some(number.saturating_add(u64::from(!is_whole)))
        }
        _ => None,
    }
}

/// A span of seconds, or the time until a point in Unix time, rounded up.
fn span_until(value: u64, now: UnixMs) -> Duration {
    let until_ms = match value {
        UNIX_MS_MIN.. => value,
        UNIX_S_MIN..UNIX_MS_MIN => value.saturating_mul(1000),
        ..UNIX_S_MIN => return seconds(value),
    };
    let until = UnixMs(i64::try_from(until_ms).unwrap_or(i64::MAX));
    let left_ms = until.since(now).as_millis();
    seconds(u64::try_from(left_ms.div_ceil(1000)).unwrap_or(u64::MAX))
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count).min(retry_after::MAX)
}

#[cfg(test)]
mod tests;
