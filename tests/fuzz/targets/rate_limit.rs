//! What vendors announce of their limits: RateLimit, RateLimit-Policy, X-RateLimit-* and
//! Retry-After, as lines of fields.

use std::time::Duration;

use causeway::clock::{Monotonic, UnixMs};
use causeway::policy::rate_limit::{RateLimit, asked, is_announced};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::request;

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// Limits are read or ignored, and no wait is longer than a year.
pub(crate) fn run(data: &[u8]) {
    let lines = [b"\n", data].concat();
    let (_, fields, _) = request::of(&lines);
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let (name, value) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    for now in [0, 1_700_000_000_000, i64::MAX] {
        let found = RateLimit::read(&headers, UnixMs(now));
        assert!(found.limits.len() <= 32 && found.policies.len() <= 32);
        assert!(is_announced(&headers) || found.limits.is_empty());
        let waits = found.limits.iter().filter_map(|limit| limit.reset);
        let windows = found.policies.iter().filter_map(|policy| policy.window);
        let asked = asked(&headers, UnixMs(now));
        assert!(waits.chain(windows).chain(asked).all(|wait| wait <= YEAR));
        let _ = found.announced(Monotonic::from_nanos(u64::MAX));
        let _ = found.announced(Monotonic::from_nanos(0));
    }
}
