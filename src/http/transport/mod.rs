//! One attempt on the wire: a request out, the head of an answer in, its content behind it.
//!
//! The one place that chooses the way. What decides anything (retries, redirects, decompression,
//! cookies, proxies of the environment) is not here and is switched off in the library below.

pub(super) mod body;
mod fake;
pub(super) mod library;
mod upload;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use url::Url;

use super::failure::Failure;
pub(crate) use super::lane::Ready;
use super::lane::{self, LaneError};
use super::run::Asks;
use super::{Content, Protocol, Proxy, Sent, guard, tls};
use crate::options::Plan;
use crate::testing;
pub(crate) use body::Body;
pub(super) use upload::WrongLength;

/// What shapes a pool of sockets: connections that agree on it share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) connect_timeout: Duration,
    pub(crate) guard: guard::Options,
    /// `None` for plain `http`, which needs no roots.
    pub(crate) tls: Option<tls::Options>,
    pub(crate) protocol: Protocol,
    pub(crate) proxy: Option<Proxy>,
}

impl Key {
    /// What the lane cannot do.
    fn needs_library(&self) -> bool {
        self.proxy.is_some() || self.protocol == Protocol::Http2
    }
}

/// A request as it goes onto the wire, the same bytes on every attempt.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    /// Content codings are taken off the answer.
    pub(crate) decodes: bool,
}

/// The head of an answer as it came off the wire.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: http::StatusCode,
    pub(crate) reason: String,
    pub(crate) version: http::Version,
    pub(crate) headers: HeaderMap,
}

/// A head with the content that comes behind it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: Head,
    pub(crate) body: Body,
}

/// Whether a connection can be made before there is anything to send.
pub(crate) fn connects_ahead(key: &Key) -> bool {
    !key.needs_library() && testing::current().is_none()
}

/// Connects without sending; `None` where the peer chose HTTP/2, which is the library's.
///
/// # Errors
/// What failed; nothing was sent.
pub(crate) async fn connect(key: &Arc<Key>, url: &Url) -> Result<Option<Ready>, Failure> {
    match Ready::connect(key, url).await {
        Ok(ready) => Ok(Some(ready)),
        Err(LaneError::SpeaksHttp2) => Ok(None),
        Err(error) => Err(Failure::of_lane(error, Sent::No)),
    }
}

/// Sends, over the connection that was made ready for it where there is one, and reads the head of
/// the answer; `sent` says at each moment how far that came.
///
/// # Errors
/// What failed, and whether the vendor may have seen the request.
pub(crate) async fn exchange(
    plan: &Plan,
    key: &Arc<Key>,
    ready: Option<Box<Ready>>,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Body), Failure> {
    match testing::current() {
        // Boxed: no call's future is to grow for what tests alone have.
        Some(fake) => Box::pin(fake::exchange(&fake, plan, key, wire, asks, sent)).await,
        None => real(key, ready, wire, asks, sent).await,
    }
}

/// The same to a real vendor.
async fn real(
    key: &Arc<Key>,
    ready: Option<Box<Ready>>,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Body), Failure> {
    if !key.needs_library() {
        match lane::exchange(key, ready.map(|ready| *ready), wire, asks, sent).await {
            Ok((head, content)) => return Ok((head, Body::of_lane(content))),
            Err(LaneError::SpeaksHttp2) => {}
            Err(error) => return Err(Failure::of_lane(error, sent.get())),
        }
    }
    // Boxed: the library's futures are large, and the lane's way must not carry them about.
    Box::pin(library::exchange(key, wire, asks, sent)).await
}
