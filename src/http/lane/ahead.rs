//! A connection that is there before its request may go: an attempt that has to wait for its turn
//! connects first, so that the request leaves the moment that the turn comes.

use std::rc::Rc;
use std::sync::Arc;

use url::Url;

use super::pool::{self, Origin};
use super::socket::Socket;
use super::{LaneError, connect};
use crate::http::transport::Key;

/// A living connection, kept for one request. Unused, it goes back among the idle ones.
pub(crate) struct Ready {
    origin: Rc<Origin>,
    /// Taken with the request.
    socket: Option<Socket>,
    /// Whether its peer may have grown tired of it.
    has_waited: bool,
}

impl Ready {
    /// An idle connection, where there is one.
    pub(crate) fn idle(key: &Arc<Key>, url: &Url) -> Option<Self> {
        let (origin, socket) = pool::take(key, url);
        Some(Self {
            origin,
            socket: Some(socket?),
            has_waited: true,
        })
    }

    /// A new connection.
    ///
    /// # Errors
    /// As [`super::exchange`] before it sends.
    pub(crate) async fn connect(key: &Arc<Key>, url: &Url) -> Result<Self, LaneError> {
        let origin = pool::origin(key, url);
        if origin.speaks_http2.get() {
            return Err(LaneError::SpeaksHttp2);
        }
        let socket = connect::connect(key, &origin, url).await?;
        Ok(Self {
            origin,
            socket: Some(socket),
            has_waited: false,
        })
    }

    /// Whether it can still be used, after a wait.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.has_waited = true;
        let is_alive = self.socket.as_mut().is_some_and(Socket::is_alive);
        if !is_alive {
            self.socket = None;
        }
        is_alive
    }

    /// Its parts, for the request that it was kept for.
    pub(super) fn take(mut self) -> (Rc<Origin>, Option<Socket>, bool) {
        (Rc::clone(&self.origin), self.socket.take(), self.has_waited)
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            self.origin.put_back(socket);
        }
    }
}
