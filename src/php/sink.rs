//! Where a downloaded content goes: a file that is made when the first byte comes, or a PHP stream.
//!
//! A file that stays incomplete is removed: what lies under the name is whole. A stream stays the
//! caller's, open, with what was written.

use ext_php_rs::types::Zval;

use super::callbacks::function;
use super::value;
use crate::store::CallbackError;

/// The caller's target.
pub(super) enum Sink {
    /// A name that PHP can open for writing.
    Path(String),
    /// An open PHP stream.
    Stream(Zval),
}

/// A sink of one of several calls: opened with the first byte.
pub(super) enum Pouring {
    /// Nothing came yet.
    Waiting(Sink),
    /// Something did.
    Open(OpenSink),
}

impl Pouring {
    /// Writes a piece; what is left to write into, or nothing when it failed.
    pub(super) fn write(self, piece: &[u8]) -> Result<Self, CallbackError> {
        let mut open = match self {
            Self::Waiting(sink) => sink.open()?,
            Self::Open(open) => open,
        };
        match open.write(piece) {
            Ok(()) => Ok(Self::Open(open)),
            Err(error) => {
                open.discard();
                Err(error)
            }
        }
    }

    /// Ends it well, with a file also for a content without bytes; the bytes that were written.
    pub(super) fn close(self) -> Result<u64, CallbackError> {
        match self {
            Self::Waiting(sink) => sink.open()?.close(),
            Self::Open(open) => open.close(),
        }
    }

    /// Ends it badly.
    pub(super) fn discard(self) {
        match self {
            Self::Waiting(_) => {}
            Self::Open(open) => open.discard(),
        }
    }
}

/// A sink that is being written.
pub(super) struct OpenSink {
    stream: Zval,
    path: Option<String>,
    written_bytes: u64,
}

impl Sink {
    /// What PHP code gave; `None` when it is neither.
    pub(super) fn of(given: &Zval) -> Option<Self> {
        let given = given.dereference();
        if given.is_resource() {
            return Some(Self::Stream(given.shallow_clone()));
        }
        let path = given.str().filter(|path| !path.is_empty())?;
        Some(Self::Path(path.to_owned()))
    }

    /// Opens it for a content that has begun to come.
    pub(super) fn open(self) -> Result<OpenSink, CallbackError> {
        let (stream, path) = match self {
            Self::Stream(stream) => (stream, None),
            Self::Path(path) => {
                let name = value::bytes(path.as_bytes());
                let stream = function("fopen", &[&name, &value::bytes(b"wb")])?;
                if !stream.is_resource() {
                    return Err(CallbackError::new("the sink cannot be opened for writing"));
                }
                (stream, Some(path))
            }
        };
        Ok(OpenSink {
            stream,
            path,
            written_bytes: 0,
        })
    }
}

impl OpenSink {
    /// Writes all of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CallbackError> {
        let mut left = bytes;
        while !left.is_empty() {
            let written = function("fwrite", &[&self.stream, &value::bytes(left)])?;
            let written = written.long().and_then(|bytes| usize::try_from(bytes).ok());
            let rest = written
                .filter(|&bytes| bytes > 0)
                .and_then(|bytes| left.get(bytes..));
            left = rest.ok_or_else(|| CallbackError::new("the sink takes no more bytes"))?;
        }
        self.written_bytes = self.written_bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Ends it well; the bytes that were written.
    pub(super) fn close(self) -> Result<u64, CallbackError> {
        let ended = match &self.path {
            Some(_) => function("fclose", &[&self.stream])?,
            None => function("fflush", &[&self.stream])?,
        };
        if ended.is_true() {
            Ok(self.written_bytes)
        } else {
            Err(CallbackError::new(
                "the sink could not be written to its end",
            ))
        }
    }

    /// Ends it badly: a file of ours is removed.
    pub(super) fn discard(self) {
        if let Some(path) = self.path {
            let _ = function("fclose", &[&self.stream]);
            let _ = function("unlink", &[&value::bytes(path.as_bytes())]);
        }
    }
}
