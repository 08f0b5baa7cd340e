//! A connection to a Redis server: opened when it is first needed, never waited for without a
//! bound, never shared with a child of a fork.
//!
//! A connection that failed is thrown away, and the next use opens another one. Whether a command
//! may be sent again after its answer was lost is the caller's to say ([`Repeat`]): only who wrote
//! it knows whether twice is once. Nothing is kept here but the socket: losing it costs a connect.
//!
//! Addresses: `redis://[user:password@]host[:port][/db]`, `rediss://…` over TLS, and
//! `redis+unix:///path`. Neither user nor password is ever shown.

use std::time::Duration;

use parking_lot::Mutex;
use redis::{Connection, ConnectionAddr, IntoConnectionInfo, RedisError, RedisResult};

use super::error;
use crate::store::{StoreError, StoreErrorKind};

/// Whether a command may go out again when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Twice is once.
    Safe,
    /// The answer decides: it must not.
    Never,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTimeouts {
    /// Connecting, TLS and the greeting.
    pub connect: Duration,
    /// One command's answer.
    pub answer: Duration,
}

impl Default for LinkTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            answer: Duration::from_secs(2),
        }
    }
}

/// A socket, and the process that opened it.
struct Opened {
    connection: Connection,
    pid: u32,
}

/// A server, and the connection to it.
pub struct Link {
    client: redis::Client,
    timeouts: LinkTimeouts,
    name: String,
    opened: Mutex<Option<Opened>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// A link to the server of this address; nothing is opened yet.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn new(url: &str, timeouts: LinkTimeouts) -> Result<Self, StoreError> {
        // What does not parse may hold a password, so it is not shown.
        let misuse = |_: RedisError| {
            StoreError::new(
                StoreErrorKind::Misuse,
                "the address of the Redis server must be redis://host:port/db, rediss://… or \
                 redis+unix:///path",
            )
        };
        let info = url.into_connection_info().map_err(misuse)?;
        let name = name_of(info.addr());
        let client = redis::Client::open(info).map_err(misuse)?;
        Ok(Self {
            client,
            timeouts,
            name,
            opened: Mutex::new(None),
        })
    }

    /// The server's address without user and password, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs commands over the connection. When it breaks, it is opened anew for the next use; with
    /// [`Repeat::Safe`] the work is done once more at once.
    ///
    /// # Errors
    /// When the server cannot be reached, did not answer in time, or refused a command.
    pub fn run<T>(
        &self,
        repeat: Repeat,
        work: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        match self.run_once(&work) {
            Err(error) if repeat == Repeat::Safe && is_broken(&error) => self.run_once(&work),
            done => done,
        }
        .map_err(|source| error::classify(&self.name, source))
    }

    fn run_once<T>(&self, work: &impl Fn(&mut Connection) -> RedisResult<T>) -> RedisResult<T> {
        let mut opened = self.opened.lock();
        let pid = std::process::id();
        // A child's copy of its parent's socket: closing it here leaves the parent's open.
        opened.take_if(|it| it.pid != pid);
        let connection = match opened.as_mut() {
            Some(it) => &mut it.connection,
            None => {
                let connection = self.connect()?;
                &mut opened.insert(Opened { connection, pid }).connection
            }
        };
        let result = work(connection);
        if result.as_ref().is_err_and(is_broken) {
            // What is left on it would be taken for the answer to the next command.
            *opened = None;
        }
        result
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self
            .client
            .get_connection_with_timeout(self.timeouts.connect)?;
        connection.set_read_timeout(Some(self.timeouts.answer))?;
        connection.set_write_timeout(Some(self.timeouts.answer))?;
        Ok(connection)
    }
}

/// Whether nothing more can come over this connection.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
}

fn name_of(address: &ConnectionAddr) -> String {
    match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            format!("{host}:{port}")
        }
        ConnectionAddr::Unix(path) => path.display().to_string(),
        // The library may learn further kinds.
        _ => "redis".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_password_is_shown() {
        let link = Link::new(
            "redis://me:hush@cache.example:7000/2",
            LinkTimeouts::default(),
        );
        let link = link.unwrap();
        assert_eq!(link.name(), "cache.example:7000");
        assert!(!format!("{link:?}").contains("hush"));
        let error = Link::new("no-redis://me:hush@x", LinkTimeouts::default()).unwrap_err();
        assert!(!error.to_string().contains("hush"), "{error}");
        assert_eq!(error.kind, StoreErrorKind::Misuse);
    }

    #[test]
    fn a_server_that_is_not_there_is_unavailable() {
        let link = Link::new("redis+unix:///nowhere/redis.sock", LinkTimeouts::default()).unwrap();
        let ping = |connection: &mut Connection| redis::cmd("PING").query::<String>(connection);
        let error = link.run(Repeat::Safe, ping).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        assert!(error.to_string().contains("/nowhere/redis.sock"), "{error}");
    }
}
