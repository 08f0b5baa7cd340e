//! What can go wrong on the lane, by phase; `failure.rs` says what it means.

use std::io;

use crate::http::guard;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    /// No address of the name may be reached.
    #[error(transparent)]
    Refused(#[from] guard::Refused),
    /// This process cannot set up a connection: no trust, no descriptors.
    #[error("{0}")]
    Setup(String),
    /// The name could not be resolved.
    #[error("no connection: the name could not be resolved: {0}")]
    Resolve(io::Error),
    /// No address could be connected to.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// Name, TCP and TLS took too long.
    #[error("connecting timed out")]
    ConnectTimeout,
    /// The handshake failed.
    #[error("no connection: {0}")]
    Tls(io::Error),
    /// The peer wants HTTP/2.
    #[error("the peer speaks HTTP/2")]
    SpeaksHttp2,
    /// The caller's content could not be had, or has another length.
    #[error("the content could not be read: {0}")]
    Source(String),
    /// The connection broke before the head of an answer was complete.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// It was closed then.
    #[error("the connection broke: it was closed before an answer came")]
    Closed {
        /// Not a byte of an answer had come.
        is_first: bool,
    },
    /// What came is no HTTP/1.1.
    #[error("the answer is no HTTP: {0}")]
    Malformed(&'static str),
    /// The head is larger than allowed.
    #[error("the head of the answer is too large")]
    HeadTooLarge,
    /// The connection broke in the content.
    #[error("the body broke off: {0}")]
    Body(io::Error),
    /// The content is not framed as HTTP demands.
    #[error("the body broke off: {0}")]
    BodyMalformed(&'static str),
}

impl LaneError {
    /// Whether a socket that had been idle may have been closed by the peer's clock, and not in
    /// answer to the request.
    pub(super) fn is_of_old_socket(&self) -> bool {
        match self {
            Self::Closed { is_first } => *is_first,
            Self::Broken(error) => matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::UnexpectedEof
            ),
            Self::Refused(_)
            | Self::Setup(_)
            | Self::Resolve(_)
            | Self::Connect(_)
            | Self::ConnectTimeout
            | Self::Tls(_)
            | Self::SpeaksHttp2
            | Self::Source(_)
            | Self::Malformed(_)
            | Self::HeadTooLarge
            | Self::Body(_)
            | Self::BodyMalformed(_) => false,
        }
    }
}
