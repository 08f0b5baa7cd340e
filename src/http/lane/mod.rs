//! HTTP/1.1 over sockets that the call itself drives.
//!
//! Why it stands beside a library: with PHP nothing runs between two calls and one call is in
//! flight at a time, so a client's connection tasks, channels and pools are pure cost. Measured on
//! one core with nginx, a GET of 2 KB over a warm socket cost 1.29 times a bare ext-curl handle by
//! way of a runtime; here a call is one look whether the socket is alive, one send, one poll(2) and
//! one receive. HTTP/2 and proxies go through the library.
//!
//! | file | question |
//! |---|---|
//! | `request.rs` | which bytes does a request have? |
//! | `head.rs`, `framing.rs`, `chunked.rs` | what does an answer say, and where does it end? Pure |
//! | `socket.rs`, `connect.rs` | bytes over TCP or TLS; how a connection comes about |
//! | `pool.rs` | which idle socket serves whom |
//! | `ahead.rs` | which one is kept for a request that has to wait |
//! | `content.rs` | an answer's content, read as it comes |
//! | `error.rs` | what can go wrong |
//! | `whole.rs` | what do bytes at hand hold? For the fuzz targets |
//!
//! A kept socket may die under a request. One that is safe (RFC 9110, section 9.2.1) is sent again
//! once, on a fresh socket, when the old one gave no byte of an answer; any other only when not one
//! byte of it was taken. That is the connection's age, not the vendor's failure: no attempt is
//! counted and no budget touched.

mod ahead;
mod chunked;
mod connect;
mod content;
mod error;
mod framing;
mod head;
mod pool;
mod request;
mod socket;
pub(super) mod whole;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use http::Method;

use super::run::Asks;
use super::transport::{Head, Key, Wire};
use super::{Content as Sending, Sent};
pub(crate) use ahead::Ready;
pub(crate) use content::Content;
pub(crate) use error::LaneError;
use framing::Framing;
use pool::Origin;
pub(crate) use pool::Pool;
use socket::{Flow, Socket};

/// Sends, over the connection that was made ready for it where there is one, and reads the head of
/// the answer.
///
/// # Errors
/// What failed; [`LaneError::SpeaksHttp2`] when the peer chose that.
pub(crate) async fn exchange(
    key: &Arc<Key>,
    ready: Option<Ready>,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Content), LaneError> {
    let (origin, mut idle, has_waited) = match ready {
        Some(ready) => ready.take(),
        None => {
            let (origin, idle) = pool::take(key, &wire.url);
            (origin, idle, true)
        }
    };
    if origin.speaks_http2.get() {
        return Err(LaneError::SpeaksHttp2);
    }
    loop {
        let is_reused = idle.is_some() && has_waited;
        let socket = match idle.take() {
            Some(socket) => socket,
            // Boxed: a fresh connection is rare, and its future large.
            None => Box::pin(connect::connect(key, &origin, &wire.url)).await?,
        };
        match once(socket, &origin, wire, asks, sent).await {
            Err(error) if is_reused && error.is_of_old_socket() && may_repeat(wire, sent) => {
                sent.set(Sent::No);
            }
            outcome => return outcome,
        }
    }
}

/// Whether sending again cannot do anything twice, and can be done.
fn may_repeat(wire: &Wire, sent: &Cell<Sent>) -> bool {
    let is_safe =
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&wire.method);
    let is_whole = !matches!(wire.content, Sending::Streamed { .. });
    is_whole && (is_safe || sent.get() == Sent::No)
}

async fn once(
    mut socket: Socket,
    origin: &Rc<Origin>,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Content), LaneError> {
    let flow = request::send(&mut socket, wire, asks, sent).await?;
    let (head, framing, may_keep) = read_head(&mut socket, &wire.method).await?;
    sent.set(Sent::Yes);
    let may_keep = may_keep && flow == Flow::Done && !request::closes(&wire.headers);
    let content = Content::new(socket, Rc::clone(origin), framing, may_keep);
    Ok((head, content))
}

/// Reads the head of the answer; interim ones (1xx) are passed over.
async fn read_head(
    socket: &mut Socket,
    method: &Method,
) -> Result<(Head, Framing, bool), LaneError> {
    /// More interim answers than this are an attack.
    const MAX_INTERIM: usize = 16;
    let mut interim = 0;
    loop {
        let parsed = if socket.buffer.is_empty() {
            None
        } else {
            head::parse(&socket.buffer, method)?
        };
        let Some(parsed) = parsed else {
            if socket.buffer.len() >= head::MAX_BYTES {
                return Err(LaneError::HeadTooLarge);
            }
            let is_first = socket.buffer.is_empty() && interim == 0;
            if socket.read().await.map_err(LaneError::Broken)? == 0 {
                return Err(LaneError::Closed { is_first });
            }
            continue;
        };
        socket.buffer.drain(..parsed.length);
        if parsed.head.status.is_informational() {
            interim += 1;
            if parsed.head.status == http::StatusCode::SWITCHING_PROTOCOLS || interim > MAX_INTERIM
            {
                return Err(LaneError::Malformed(
                    "interim answers that nobody asked for",
                ));
            }
            continue;
        }
        return Ok((parsed.head, parsed.framing, parsed.may_keep));
    }
}

#[cfg(test)]
mod tests;
