//! How a fault is done to a request: in place of the vendor's answer, or to the answer on its way.
//!
//! What needs the socket itself (RST, an answer that never comes) goes through the connection's
//! [`Peer`]; bodies that break off or trickle are streams under a `Content-Length` of the whole.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use crate::answer::problem;
use crate::faults::Kind;
use crate::wire::{self, Peer};

/// A client that hangs longer than this is let go, so that no connection lives for ever.
const HANG_AT_MOST: Duration = Duration::from_secs(300);

/// Pieces in which a slow body goes out.
const SLOW_PIECES: usize = 16;

/// Time for the first half of a body to leave before its connection ends.
const HALF_BODY_PAUSE: Duration = Duration::from_millis(2);

/// Largest answer whose body a fault cuts or slows.
const BODY_AT_MOST_BYTES: usize = 16 << 20;

/// What one request meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Nothing.
    Healthy,
    /// This status, after the delay, in place of the vendor's answer.
    Status {
        /// The status.
        status: u16,
        /// Its `Retry-After`.
        retry_after_s: Option<u64>,
        /// Waited before.
        delay: Duration,
    },
    /// The vendor's answer, late.
    Latency(Duration),
    /// RST.
    Reset,
    /// These bytes of the socket in the place of the server's.
    Bytes(wire::Bytes),
    /// RST after half of the answer's body.
    ResetInBody,
    /// Half of the answer's body, and nothing more.
    StalledBody,
    /// A body without end.
    EndlessBody,
    /// The vendor's answer, then the end of the connection.
    CloseAfter,
    /// Half of the answer's body.
    HalfBody,
    /// The answer's body with this pause before each piece.
    SlowBody(Duration),
    /// No answer.
    Hang,
}

impl Effect {
    /// The kind as the log shows it; none for a healthy request.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Healthy => None,
            Self::Status { .. } => Some(Kind::Status),
            Self::Latency(_) => Some(Kind::Latency),
            Self::Reset => Some(Kind::Reset),
            Self::Bytes(wire::Bytes::Nothing) => Some(Kind::Close),
            Self::Bytes(wire::Bytes::Garbled) => Some(Kind::Garbled),
            Self::Bytes(wire::Bytes::HalfHead) => Some(Kind::HalfHead),
            Self::Bytes(wire::Bytes::StalledHead) => Some(Kind::StalledHead),
            Self::Bytes(wire::Bytes::EndlessHead) => Some(Kind::EndlessHead),
            Self::ResetInBody => Some(Kind::ResetInBody),
            Self::StalledBody => Some(Kind::StalledBody),
            Self::EndlessBody => Some(Kind::EndlessBody),
            Self::CloseAfter => Some(Kind::CloseAfter),
            Self::HalfBody => Some(Kind::HalfBody),
            Self::SlowBody(_) => Some(Kind::SlowBody),
            Self::Hang => Some(Kind::Hang),
        }
    }

    /// What happens in place of the vendor's own work: an answer, or `None` when the vendor is to
    /// go on as usual. An aborted connection's answer is never written.
    pub async fn before(&self, peer: &Peer) -> Option<Replacement> {
        match self {
            Self::Healthy
            | Self::HalfBody
            | Self::SlowBody(_)
            | Self::ResetInBody
            | Self::StalledBody => None,
            Self::CloseAfter => {
                peer.close_after_answer();
                None
            }
            Self::Bytes(bytes) => {
                peer.write_instead(*bytes);
                // The server begins to write, and these bytes are written in place of its own.
                Some(Replacement::Answer(StatusCode::OK.into_response()))
            }
            Self::EndlessBody => Some(Replacement::Answer(endless_body())),
            Self::Status {
                status,
                retry_after_s,
                delay,
            } => {
                wait(*delay).await;
                Some(Replacement::Answer(refusal(*status, *retry_after_s)))
            }
            Self::Latency(delay) => {
                wait(*delay).await;
                None
            }
            Self::Reset => {
                peer.abort();
                Some(Replacement::Nothing)
            }
            Self::Hang => {
                let _ = tokio::time::timeout(HANG_AT_MOST, peer.aborted()).await;
                peer.abort();
                Some(Replacement::Nothing)
            }
        }
    }

    /// What happens to the vendor's answer on its way out.
    pub async fn after(&self, answer: Response, peer: &Peer) -> Response {
        match self {
            Self::HalfBody => half_body(answer, Ending::Close).await,
            Self::ResetInBody => half_body(answer, Ending::Reset(peer.clone())).await,
            Self::StalledBody => half_body(answer, Ending::Stall).await,
            Self::SlowBody(pause) => slow_body(answer, *pause).await,
            Self::Healthy
            | Self::Status { .. }
            | Self::Latency(_)
            | Self::Reset
            | Self::Hang
            | Self::Bytes(_)
            | Self::EndlessBody
            | Self::CloseAfter => answer,
        }
    }
}

/// What a fault puts in the place of the vendor's answer.
pub enum Replacement {
    /// This.
    Answer(Response),
    /// Nothing at all: the connection is aborted.
    Nothing,
}

/// A delay of nothing takes no time; a timer would take a millisecond.
async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn refusal(status: u16, retry_after_s: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut answer = problem(status, "injected", "a fault set by the control API");
    if let Some(seconds) = retry_after_s {
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// How a body ends in its middle.
#[derive(Clone)]
enum Ending {
    Close,
    Reset(Peer),
    Stall,
}

/// Pieces of an endless body.
const ENDLESS_PIECE: &[u8] = &[b'x'; 16_384];

fn endless_body() -> Response {
    let pieces = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(ENDLESS_PIECE)));
    Body::from_stream(pieces).into_response()
}

async fn half_body(answer: Response, ending: Ending) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_AT_MOST_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let half = bytes.slice(..bytes.len() / 2);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let pieces = stream::unfold((Some(half), ending), |(half, ending)| async move {
        let Some(half) = half else {
            // Head and first half must have left before the error ends the connection.
            tokio::time::sleep(HALF_BODY_PAUSE).await;
            match &ending {
                Ending::Close => {}
                Ending::Reset(peer) => peer.abort(),
                Ending::Stall => tokio::time::sleep(HANG_AT_MOST).await,
            }
            let end = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
            return Some((Err(end), (None, ending)));
        };
        Some((Ok(half), (None, ending)))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

async fn slow_body(answer: Response, pause: Duration) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_AT_MOST_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let piece_bytes = bytes.len().div_ceil(SLOW_PIECES).max(1);
    let pieces = stream::unfold(bytes, move |mut rest: Bytes| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(piece_bytes.min(rest.len()));
        Some((Ok::<_, std::io::Error>(piece), rest))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
