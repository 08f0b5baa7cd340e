//! What is fuzzed: each target takes any bytes and must neither panic nor accept a forgery.
//!
//! Fuzzed by `tools/fuzz`, replayed from the kept corpus by `cargo test`.

mod digest;
mod keys;
mod link;
mod message_signature;
mod options;
mod request;
mod retry_after;
mod sse;
mod webhook;

/// A target.
pub(crate) type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("webhook", webhook::run),
    ("message_signature", message_signature::run),
    ("digest", digest::run),
    ("keys", keys::run),
    ("options", options::run),
    ("retry_after", retry_after::run),
    ("link", link::run),
    ("sse", sse::run),
];
