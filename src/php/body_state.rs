//! The content of one answer as its response, its body and their iterators share it.
//!
//! A content in memory is there from the start. An open one comes from the vendor piece by piece;
//! while a piece is waited for, PHP code may run (signals, another fiber), so the stream is taken
//! out of its place meanwhile, and who asks for it then is told.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use ext_php_rs::exception::PhpResult;

use super::connection::Connection;
use super::exception_classes::ExceptionClass;
use super::throw;
use crate::http::{CallError, CallErrorKind, Incoming, Sent};

/// The content and where its reader stands.
pub(super) struct BodyState {
    connection: Option<Rc<Connection>>,
    reading: RefCell<Reading>,
}

struct Reading {
    source: Source,
    /// Bytes that came and were not read.
    ready: Bytes,
    read_bytes: u64,
    length_bytes: Option<u64>,
    /// All of it, once it was wanted at once.
    whole: Option<Bytes>,
}

enum Source {
    Open(Box<Incoming>),
    /// Somebody waits for a piece.
    Busy,
    Ended,
    /// Went into a sink, or broke off.
    Gone(&'static str),
}

impl BodyState {
    /// A content that is there.
    pub(super) fn whole(bytes: Bytes) -> Self {
        let length_bytes = Some(bytes.len() as u64);
        Self::new(
            None,
            Source::Ended,
            bytes.clone(),
            length_bytes,
            Some(bytes),
        )
    }

    /// A content that is still with the vendor.
    pub(super) fn open(
        connection: Rc<Connection>,
        incoming: Incoming,
        length_bytes: Option<u64>,
    ) -> Self {
        let source = Source::Open(Box::new(incoming));
        Self::new(Some(connection), source, Bytes::new(), length_bytes, None)
    }

    /// A content that was written into a sink.
    pub(super) fn sunk(written_bytes: u64) -> Self {
        let source = Source::Gone("the body went into the sink");
        Self::new(None, source, Bytes::new(), Some(written_bytes), None)
    }

    fn new(
        connection: Option<Rc<Connection>>,
        source: Source,
        ready: Bytes,
        length_bytes: Option<u64>,
        whole: Option<Bytes>,
    ) -> Self {
        let reading = Reading {
            source,
            ready,
            read_bytes: 0,
            length_bytes,
            whole,
        };
        Self {
            connection,
            reading: RefCell::new(reading),
        }
    }

    /// The length, where the vendor said it and no coding hides it.
    pub(super) fn length_bytes(&self) -> Option<u64> {
        self.reading.borrow().length_bytes
    }

    /// Bytes that were read.
    pub(super) fn read_bytes(&self) -> u64 {
        self.reading.borrow().read_bytes
    }

    /// Whether there is nothing more, as far as is known without waiting.
    pub(super) fn is_at_end(&self) -> bool {
        let reading = self.reading.borrow();
        reading.ready.is_empty() && matches!(reading.source, Source::Ended | Source::Gone(_))
    }

    /// At most so many bytes; fewer, but at least one, until the end.
    pub(super) fn read(&self, at_most_bytes: usize) -> PhpResult<Bytes> {
        loop {
            {
                let mut reading = self.reading.borrow_mut();
                if !reading.ready.is_empty() || at_most_bytes == 0 {
                    let length = reading.ready.len().min(at_most_bytes);
                    let bytes = reading.ready.split_to(length);
                    reading.read_bytes = reading.read_bytes.saturating_add(length as u64);
                    return Ok(bytes);
                }
            }
            match self.fetch()? {
                Some(piece) => self.reading.borrow_mut().ready = piece,
                None => return Ok(Bytes::new()),
            }
        }
    }

    /// The next piece as it came; `None` at the end.
    pub(super) fn piece(&self) -> PhpResult<Option<Bytes>> {
        let bytes = self.read(usize::MAX)?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    /// All that was not read, up to the connection's cap for what is held in memory.
    pub(super) fn rest(&self) -> PhpResult<Bytes> {
        let Some(first) = self.held_piece(0)? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.held_piece(first.len())? else {
            return Ok(first);
        };
        let mut rest = BytesMut::from(first);
        rest.extend_from_slice(&second);
        while let Some(piece) = self.held_piece(rest.len())? {
            rest.extend_from_slice(&piece);
        }
        Ok(rest.freeze())
    }

    /// The next piece, to be held beside so many bytes.
    fn held_piece(&self, held_bytes: usize) -> PhpResult<Option<Bytes>> {
        let piece = self.piece()?;
        let more = piece.as_ref().map_or(0, Bytes::len);
        let cap_bytes = self.cap_bytes();
        if held_bytes.saturating_add(more) > cap_bytes {
            self.reading.borrow_mut().source = Source::Gone("the body broke off");
            return Err(self.too_large(cap_bytes));
        }
        Ok(piece)
    }

    /// All of it from its first byte, however much was read; an open one only if nothing was.
    pub(super) fn all(&self) -> PhpResult<Bytes> {
        if let Some(whole) = &self.reading.borrow().whole {
            return Ok(whole.clone());
        }
        if self.read_bytes() > 0 {
            let message = "a part of the streamed body was read already; its start is gone";
            return Err(throw::exception(ExceptionClass::Call, message, []));
        }
        let all = self.rest()?;
        self.reading.borrow_mut().whole = Some(all.clone());
        Ok(all)
    }

    /// Waits for the next piece, with nothing of ours held.
    fn fetch(&self) -> PhpResult<Option<Bytes>> {
        let taken = std::mem::replace(&mut self.reading.borrow_mut().source, Source::Busy);
        let put = |source| self.reading.borrow_mut().source = source;
        let (connection, mut incoming) = match (taken, &self.connection) {
            (Source::Open(incoming), Some(connection)) => (connection, incoming),
            (Source::Busy, _) => return Err(refused("the body is being read already")),
            (Source::Gone(why), _) => {
                put(Source::Gone(why));
                return Err(refused(why));
            }
            (Source::Ended | Source::Open(_), _) => {
                put(Source::Ended);
                return Ok(None);
            }
        };
        let piece = connection.client.read(&mut incoming, &connection.host);
        match piece {
            Ok(Some(piece)) => {
                put(Source::Open(incoming));
                Ok(Some(piece))
            }
            Ok(None) => {
                put(Source::Ended);
                Ok(None)
            }
            Err(error) => {
                put(Source::Gone("the body broke off"));
                Err(throw::call(error))
            }
        }
    }

    fn cap_bytes(&self) -> usize {
        let connection = self.connection.as_ref();
        connection.map_or(usize::MAX, |it| it.client.plan().body_cap_bytes)
    }

    fn too_large(&self, cap_bytes: usize) -> ext_php_rs::exception::PhpException {
        let name = self
            .connection
            .as_ref()
            .map(|it| it.client.plan().name.clone());
        throw::call(CallError {
            kind: CallErrorKind::Limit,
            connection: name.unwrap_or_default(),
            message: format!("the body is larger than {cap_bytes} bytes"),
            sent: Sent::Yes,
            attempts: 1,
            elapsed: std::time::Duration::ZERO,
            status: None,
            retry_after: None,
            correlation_id: String::new(),
        })
    }
}

fn refused(message: &str) -> ext_php_rs::exception::PhpException {
    throw::exception(ExceptionClass::Call, message, [])
}
