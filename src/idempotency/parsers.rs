//! Doors to parsers that the room keeps to itself: for the fuzz targets (`tests/fuzz`) alone.

use super::inbox::payload;
use super::outbox::item;
use crate::http::Request;
use crate::snapshot::order;

/// A payload as people may see it: [`InboxOptions::redact`](super::InboxOptions) applied.
pub fn shown(payload: &[u8], redact: &[String]) -> String {
    payload::shown(payload, redact)
}

/// An error without the values of redacted fields.
pub fn scrubbed(error: &str, payload: &[u8], redact: &[String]) -> String {
    payload::scrubbed(error, payload, redact)
}

/// Where an entity stands in its vendor's order, by the version or time at this JSON pointer.
pub fn rank(json: &[u8], pointer: &str) -> Option<i64> {
    order::rank_of(json, pointer)
}

/// A write that was recorded, and the bytes that record it again.
pub fn recorded(bytes: &[u8]) -> Option<(Request, Vec<u8>)> {
    let request = item::parse(bytes).ok()?;
    let again = item::compose(&request).ok()?;
    Some((request, again))
}
