//! The caller's side of a call: what only the program that waits knows or may decide.
//!
//! Its methods are called by the runners, between two looks at the sockets: no lock, no borrow and
//! no runtime of ours is held then, so that they may call PHP, and PHP may call us.

use bytes::Bytes;

/// Why the caller wants to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A signal or PHP's time limit.
    Interrupted,
    /// The connection's switch is off.
    Paused {
        /// Who said why.
        reason: String,
    },
}

/// The caller's side of a wait.
pub trait Host {
    /// Asked before each attempt, and before a token is asked for.
    ///
    /// # Errors
    /// When no attempt may begin.
    fn before_attempt(&self) -> Result<(), Stop>;

    /// Asked at least every 100 ms of waiting, and when a signal came.
    ///
    /// # Errors
    /// When the wait must end.
    fn check(&self) -> Result<(), Stop>;

    /// The next piece of a streamed content; `None` at its end. See
    /// [`Content::Streamed`](super::Content::Streamed).
    ///
    /// # Errors
    /// Why the content cannot be had; the call ends with it.
    fn next_chunk(&self, source: usize) -> Result<Option<Bytes>, String> {
        let _ = source;
        Err("this caller has no contents to stream".to_owned())
    }

    /// Takes the next piece of an answer's content; see [`Request::sink`](super::Request::sink).
    ///
    /// # Errors
    /// Why it cannot be taken; the call ends with it.
    fn write(&self, sink: usize, piece: &Bytes) -> Result<(), String> {
        let _ = (sink, piece);
        Err("this caller takes no contents".to_owned())
    }

    /// Puts a streamed content back to its start, before it is sent again.
    ///
    /// # Errors
    /// Why that cannot be.
    fn rewind(&self, source: usize) -> Result<(), String> {
        let _ = source;
        Err("this caller has no contents to stream".to_owned())
    }
}

/// A host that never stops: tests, and programs without PHP.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn before_attempt(&self) -> Result<(), Stop> {
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        Ok(())
    }
}
