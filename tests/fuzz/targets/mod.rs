//! What is fuzzed: each target takes any bytes and must neither panic nor accept a forgery.
//!
//! Fuzzed by `tools/fuzz`, replayed from the kept corpus by `cargo test`.

mod connection;
mod decode;
mod digest;
mod http_answer;
mod json_answers;
mod keys;
mod link;
mod message_signature;
mod multipart;
mod options;
mod payload;
mod posted;
mod rate_limit;
mod redirect;
mod request;
mod retry_after;
mod signed_webhook;
mod sse;
mod stored;
mod webhook;

/// A target.
pub(crate) type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("webhook", webhook::run),
    ("signed_webhook", signed_webhook::run),
    ("message_signature", message_signature::run),
    ("digest", digest::run),
    ("keys", keys::run),
    ("options", options::run),
    ("retry_after", retry_after::run),
    ("link", link::run),
    ("sse", sse::run),
    ("http_answer", http_answer::run),
    ("decode", decode::run),
    ("rate_limit", rate_limit::run),
    ("redirect", redirect::run),
    ("multipart", multipart::run),
    ("payload", payload::run),
    ("connection", connection::run),
    ("json_answers", json_answers::run),
    ("stored", stored::run),
    ("posted", posted::run),
];
