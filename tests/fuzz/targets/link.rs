//! Link fields (RFC 8288), one on a line.

use causeway::http::link::{parse, target_of};

/// Links are read or refused.
pub(crate) fn run(data: &[u8]) {
    if let Ok(links) = parse(data.split(|b| *b == b'\n')) {
        let _ = target_of(&links, "next");
    }
}
