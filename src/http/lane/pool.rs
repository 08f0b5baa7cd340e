//! Idle sockets, by whom they lead to and under which rules they were made.
//!
//! Belongs to one engine, so to one thread and one process. The socket used last is taken first;
//! one that is idle for too long, or dead, is closed on the way.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::socket::Socket;
use crate::clock;
use crate::http::engine::{self, generation};
use crate::http::transport::Key;

/// Idle sockets are closed after this long; vendors and balancers close theirs around 60 s.
const IDLE_SOCKET: Duration = Duration::from_secs(30);
/// Idle sockets of one origin.
const MAX_IDLE: usize = 32;
/// Origins that are remembered; the one used longest ago goes.
const MAX_ORIGINS: usize = 64;

/// Whom a socket leads to, and what it was made under.
pub(crate) struct Origin {
    key: Arc<Key>,
    host: String,
    port: u16,
    /// The fork generation it belongs to.
    generation: u64,
    /// The peer chose HTTP/2 when it was asked.
    pub(super) speaks_http2: Cell<bool>,
    idle: RefCell<Vec<Socket>>,
}

/// An engine's origins, the one used last at the end.
#[derive(Default)]
pub(crate) struct Pool {
    origins: RefCell<Vec<Rc<Origin>>>,
}

/// The origin.
pub(super) fn origin(key: &Arc<Key>, url: &Url) -> Rc<Origin> {
    engine::with_lane(|pool| pool.origin(key, url))
}

/// The origin, and a living idle socket to it where there is one.
pub(super) fn take(key: &Arc<Key>, url: &Url) -> (Rc<Origin>, Option<Socket>) {
    let origin = origin(key, url);
    let now = clock::running();
    loop {
        let Some(mut socket) = origin.idle.borrow_mut().pop() else {
            return (origin, None);
        };
        let is_young = now.since(socket.idle_since) < IDLE_SOCKET;
        if is_young && socket.is_alive() {
            return (origin, Some(socket));
        }
    }
}

impl Origin {
    /// Keeps a socket for the next call.
    pub(super) fn give_back(&self, mut socket: Socket) {
        socket.idle_since = clock::running();
        self.put_back(socket);
    }

    /// Keeps a socket that was not used: it is idle for as long as it was.
    pub(super) fn put_back(&self, socket: Socket) {
        if self.generation != generation() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= MAX_IDLE {
            idle.remove(0);
        }
        idle.push(socket);
    }

    fn is(&self, key: &Arc<Key>, host: &str, port: u16) -> bool {
        self.port == port && self.host == host && (Arc::ptr_eq(&self.key, key) || self.key == *key)
    }
}

impl Pool {
    fn origin(&self, key: &Arc<Key>, url: &Url) -> Rc<Origin> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let mut origins = self.origins.borrow_mut();
        if let Some(at) = origins
            .iter()
            .rposition(|origin| origin.is(key, host, port))
        {
            let last = origins.len().saturating_sub(1);
            if at != last {
                let origin = origins.remove(at);
                origins.push(origin);
            }
            if let Some(origin) = origins.last() {
                return Rc::clone(origin);
            }
        }
        if origins.len() >= MAX_ORIGINS {
            origins.remove(0);
        }
        let origin = Rc::new(Origin {
            key: Arc::clone(key),
            host: host.to_owned(),
            port,
            generation: generation(),
            speaks_http2: Cell::new(false),
            idle: RefCell::default(),
        });
        origins.push(Rc::clone(&origin));
        origin
    }
}
