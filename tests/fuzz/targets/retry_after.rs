//! Retry-After: seconds and the three forms of HTTP dates. The first line is the value, the second
//! the response's Date.

use causeway::clock::UnixMs;
use causeway::policy::retry_after::parse;

/// A value is read or ignored.
pub(crate) fn run(data: &[u8]) {
    let mut lines = data.splitn(2, |b| *b == b'\n');
    let value = lines.next().unwrap_or_default();
    let date = lines.next();
    for now in [0, 1_700_000_000_000, i64::MAX] {
        let _ = parse(value, date, UnixMs(now));
    }
}
