//! One logical request and its answer, as the rooms above `http` see them.

use std::time::Duration;

use bytes::Bytes;

/// The content of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// None.
    #[default]
    Empty,
    /// All of it, in memory.
    Whole(Bytes),
    /// Asked for piece by piece while it is sent: [`Host::next_chunk`](super::Host::next_chunk).
    Streamed {
        /// Which of the host's sources.
        source: usize,
        /// Its length, where it is known beforehand; sent in chunks otherwise.
        length_bytes: Option<u64>,
        /// Whether the source can go back to its start: without it there is no second attempt
        /// once a first piece was taken.
        is_repeatable: bool,
    },
}

impl Content {
    /// How long it is, where that is known.
    pub fn length_bytes(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Streamed { length_bytes, .. } => *length_bytes,
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::Empty
        } else {
            Self::Whole(bytes)
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Content {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

/// A call to be made; attempts are made from it byte for byte.
#[derive(Clone, Debug)]
pub struct Request {
    /// The verb.
    pub method: http::Method,
    /// Relative to the connection's base URI, or absolute.
    pub target: String,
    /// Added to the target's own query, in order.
    pub query: Vec<(String, String)>,
    /// Fields of this call; they replace the connection's of the same name.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What is sent.
    pub content: Content,
    /// Made once for the intent, the same bytes on each attempt.
    pub idempotency_key: Option<String>,
    /// The caller vouches that doing it twice is doing it once, whatever the method.
    pub is_repeatable: bool,
    /// Bounds the whole call in place of the connection's total timeout.
    pub total: Option<Duration>,
    /// Bounds each attempt in place of the connection's attempt timeout.
    pub attempt: Option<Duration>,
    /// Whether content codings are asked for and taken off; left open, they are unless the call or
    /// the connection gives an `Accept-Encoding` of its own.
    pub decode: Option<bool>,
    /// Which of the host's sinks takes the content of an answer below 400, as it comes, in place of
    /// memory: [`Host::write`](super::Host::write). The attempt's timeout bounds all of it, and once
    /// a first piece was written there is no other attempt.
    pub sink: Option<usize>,
    /// Largest content that is taken, encoded and decoded; left open, the connection's cap for one
    /// that is held in memory, [`OPEN_CAP_BYTES`] for one that is read piece by piece.
    pub body_cap_bytes: Option<u64>,
    /// Redirects that are followed; left open, as many as the connection says.
    pub redirects: Option<u32>,
}

/// What an open answer may bring when nobody says otherwise: it is not held, but a disk that it
/// goes to is not endless.
pub const OPEN_CAP_BYTES: u64 = 4 << 30;

impl Request {
    /// A bare request; the rest is filled in by the caller.
    pub fn new(method: http::Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            query: Vec::new(),
            headers: Vec::new(),
            content: Content::Empty,
            idempotency_key: None,
            is_repeatable: false,
            total: None,
            attempt: None,
            decode: None,
            sink: None,
            body_cap_bytes: None,
            redirects: None,
        }
    }
}

/// What the vendor answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Reason phrase as sent, or the standard one.
    pub reason: String,
    /// Version of the protocol that carried it.
    pub version: http::Version,
    /// Response fields.
    pub headers: http::HeaderMap,
    /// The whole content.
    pub body: Bytes,
    /// Attempts that were made.
    pub attempts: u32,
    /// From the call's start to the end of the content.
    pub elapsed: Duration,
    /// What was sent as `X-Correlation-Id`.
    pub correlation_id: String,
}
