//! Turns what libraries report into what we know: which kind, and whether it was sent.
//!
//! The only place that reads errors of `reqwest`, `hyper`, the resolver and the lane, by type. "Not
//! sent" is said only where no byte of a request had been taken; then it is "maybe", and from the
//! first bytes of an answer on it is "yes". Messages name the innermost cause and never a URL.

use std::error::Error;

use super::decode::DecodeError;
use super::guard;
use super::lane::LaneError;
use super::transport::WrongLength;
use super::{CallErrorKind, Sent};

/// One attempt's failure.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) sent: Sent,
    pub(crate) message: String,
    /// The vendor's or identity provider's wish, where it gave one.
    pub(crate) retry_after: Option<std::time::Duration>,
    /// The status, where a head came before it failed.
    pub(crate) status: Option<u16>,
}

/// What failed, as far as policies care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No connection came about.
    Connect,
    /// This process cannot set up a transport: no trust, no descriptors.
    Setup,
    /// The connection broke.
    Network,
    /// The attempt's time ran out.
    Timeout,
    /// A body or head was larger than allowed.
    Limit,
    /// The address is not allowed.
    AddressRefused,
    /// The identity provider refused, or could not be asked.
    Auth {
        /// Another try may help.
        transient: bool,
    },
    /// The process forked in between, or the caller stopped.
    Interrupted,
    /// The switch was turned off in between.
    Paused,
    /// The request cannot be sent as it is.
    BadRequest,
    /// A test's fake has no rule for it.
    Stray,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, sent: Sent, message: impl Into<String>) -> Self {
        Self {
            kind,
            sent,
            message: message.into(),
            retry_after: None,
            status: None,
        }
    }

    /// The same after the head of an answer: it has a status, and the request was sent.
    pub(crate) fn after_head(mut self, status: u16) -> Self {
        self.sent = Sent::Yes;
        self.status = Some(status);
        self
    }

    /// This process could not set up a transport.
    pub(crate) fn setup(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Setup, Sent::No, message)
    }

    /// Before the head of an answer.
    pub(crate) fn of_send(error: &reqwest::Error) -> Self {
        if let Some(refused) = find::<guard::Refused>(error) {
            return Self::new(FailureKind::AddressRefused, Sent::No, refused.to_string());
        }
        let cause = innermost(error);
        if find::<WrongLength>(error).is_some() {
            return Self::new(FailureKind::BadRequest, Sent::Maybe, cause);
        }
        if error.is_connect() {
            let what = if error.is_timeout() {
                "connecting timed out"
            } else {
                "no connection"
            };
            return Self::new(FailureKind::Connect, Sent::No, format!("{what}: {cause}"));
        }
        if error.is_builder() {
            return Self::new(FailureKind::BadRequest, Sent::No, cause);
        }
        if find::<h2::Error>(error).is_some_and(was_not_processed) {
            let message = format!("the peer refused the stream: {cause}");
            return Self::new(FailureKind::Network, Sent::No, message);
        }
        if let Some(error) = find::<hyper::Error>(error).filter(|error| error.is_parse()) {
            if is_too_large(error) {
                let message = "the head of the answer is too large";
                return Self::new(FailureKind::Limit, Sent::Yes, message);
            }
            let message = format!("the answer is no HTTP: {cause}");
            return Self::new(FailureKind::Network, Sent::Yes, message);
        }
        Self::new(
            FailureKind::Network,
            Sent::Maybe,
            format!("the connection broke: {cause}"),
        )
    }

    /// On the lane, where `sent` says how far the request had come.
    pub(crate) fn of_lane(error: LaneError, sent: Sent) -> Self {
        let kind = match &error {
            LaneError::Refused(_) => FailureKind::AddressRefused,
            LaneError::Setup(_) => FailureKind::Setup,
            LaneError::Resolve(_)
            | LaneError::Connect(_)
            | LaneError::ConnectTimeout
            | LaneError::Tls(_)
            | LaneError::SpeaksHttp2 => FailureKind::Connect,
            LaneError::Source(_) => FailureKind::BadRequest,
            LaneError::HeadTooLarge => FailureKind::Limit,
            LaneError::Broken(_)
            | LaneError::Closed { .. }
            | LaneError::Malformed(_)
            | LaneError::Body(_)
            | LaneError::BodyMalformed(_) => FailureKind::Network,
        };
        let is_answer = matches!(
            error,
            LaneError::HeadTooLarge
                | LaneError::Malformed(_)
                | LaneError::Body(_)
                | LaneError::BodyMalformed(_)
                | LaneError::Closed { is_first: false }
        );
        let sent = if is_answer { Sent::Yes } else { sent };
        Self::new(kind, sent, error.to_string())
    }

    /// While the body was read.
    pub(crate) fn of_body(error: &reqwest::Error) -> Self {
        let message = format!("the body broke off: {}", innermost(error));
        Self::new(FailureKind::Network, Sent::Yes, message)
    }

    /// While the body was decoded.
    pub(crate) fn of_decoding(error: &DecodeError) -> Self {
        let kind = match error {
            DecodeError::TooLarge { .. } | DecodeError::TooDense { .. } => FailureKind::Limit,
            DecodeError::Corrupt { .. } | DecodeError::Truncated { .. } => FailureKind::Network,
        };
        Self::new(kind, Sent::Yes, error.to_string())
    }

    /// The caller's view.
    pub(crate) fn call_kind(&self) -> CallErrorKind {
        match self.kind {
            FailureKind::Connect | FailureKind::Setup => CallErrorKind::Connect,
            FailureKind::Network => CallErrorKind::Network,
            FailureKind::Timeout => CallErrorKind::Timeout,
            FailureKind::Limit => CallErrorKind::Limit,
            FailureKind::AddressRefused => CallErrorKind::AddressRefused,
            FailureKind::Auth { .. } => CallErrorKind::Auth,
            FailureKind::Interrupted => CallErrorKind::Interrupted,
            FailureKind::Paused => CallErrorKind::Paused,
            FailureKind::BadRequest => CallErrorKind::BadRequest,
            FailureKind::Stray => CallErrorKind::Stray,
        }
    }
}

/// What the peer says that it has not looked at: RFC 9113, sections 6.8 and 8.7.
fn was_not_processed(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let is_goaway = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (is_refused || is_goaway)
}

/// The library tells a client so in words alone; a test meets such a head.
fn is_too_large(error: &hyper::Error) -> bool {
    error.to_string().contains("message head is too large")
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|link| link.downcast_ref())
}

/// The last error of the chain that is not one of reqwest's own, which would show the URL.
fn innermost(error: &reqwest::Error) -> String {
    chain(error)
        .filter(|link| !link.is::<reqwest::Error>())
        .last()
        .map_or_else(|| "no cause was given".to_owned(), ToString::to_string)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    /// Longer chains are a library's mistake.
    const MAX_LINKS: usize = 16;
    let mut link = Some(error);
    std::iter::from_fn(move || {
        let this = link?;
        link = this.source();
        Some(this)
    })
    .take(MAX_LINKS)
}
