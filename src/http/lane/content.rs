//! An answer's content, read from its socket as it is wanted.
//!
//! At its end the socket goes back to the pool, where the answer allows it; dropped before, it is
//! closed, for nobody knows where the next answer would begin.

use std::io;
use std::rc::Rc;

use bytes::Bytes;

use super::LaneError;
use super::chunked::{Chunked, Step};
use super::framing::Framing;
use super::pool::Origin;
use super::socket::Socket;

/// What is handed over at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A content on its way.
pub(crate) struct Content {
    /// `None` behind the end.
    socket: Option<Socket>,
    origin: Rc<Origin>,
    state: State,
    may_keep: bool,
}

enum State {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Done,
}

impl Content {
    pub(super) fn new(
        socket: Socket,
        origin: Rc<Origin>,
        framing: Framing,
        may_keep: bool,
    ) -> Self {
        let state = match framing {
            Framing::Empty => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::new()),
            Framing::UntilClose => State::UntilClose,
        };
        let mut content = Self {
            socket: Some(socket),
            origin,
            state,
            may_keep,
        };
        if matches!(content.state, State::Done) {
            content.end();
        }
        content
    }

    /// What is still to come, where the answer says so.
    pub(crate) fn length_bytes(&self) -> Option<u64> {
        match &self.state {
            State::Length(left) => Some(*left),
            State::Done => Some(0),
            State::Chunked(_) | State::UntilClose => None,
        }
    }

    /// Reads more of it behind what `content` holds; false at the end.
    ///
    /// # Errors
    /// When it breaks off.
    pub(crate) async fn read(&mut self, content: &mut Vec<u8>) -> Result<bool, LaneError> {
        let Some(socket) = &mut self.socket else {
            return Ok(false);
        };
        match &mut self.state {
            State::Done => return Ok(false),
            State::Length(left) => {
                let wanted =
                    usize::try_from(*left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
                let read = read_some(socket, content, wanted).await?;
                if read == 0 {
                    return Err(LaneError::Body(io::ErrorKind::UnexpectedEof.into()));
                }
                let rest = (read as u64).saturating_sub(*left);
                if rest > 0 {
                    // More than was announced: it is nobody's, and the connection out of step.
                    let rest = usize::try_from(rest).unwrap_or(usize::MAX);
                    content.truncate(content.len().saturating_sub(rest));
                    self.may_keep = false;
                }
                *left = left.saturating_sub(read as u64);
                if *left == 0 {
                    self.end();
                }
            }
            State::Chunked(chunked) => {
                if !read_chunk(socket, chunked, content).await? {
                    self.end();
                    return Ok(false);
                }
            }
            State::UntilClose => {
                if read_some(socket, content, PIECE_BYTES).await? == 0 {
                    self.may_keep = false;
                    self.end();
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// As [`Content::read`].
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, LaneError> {
        let mut piece = Vec::new();
        let is_more = self.read(&mut piece).await?;
        Ok((is_more && !piece.is_empty()).then(|| piece.into()))
    }

    fn end(&mut self) {
        self.state = State::Done;
        if let Some(socket) = self.socket.take()
            && self.may_keep
            && socket.buffer.is_empty()
        {
            self.origin.give_back(socket);
        }
    }
}

/// From what was read before, else from the socket; 0 at its end.
async fn read_some(
    socket: &mut Socket,
    content: &mut Vec<u8>,
    wanted: usize,
) -> Result<usize, LaneError> {
    if socket.buffer.is_empty() {
        let read = socket.read_into(content, wanted).await;
        return read.map_err(LaneError::Body);
    }
    let length = socket.buffer.len().min(wanted);
    content.extend(socket.buffer.drain(..length));
    Ok(length)
}

/// The next part of a chunk; false at the end of all.
async fn read_chunk(
    socket: &mut Socket,
    chunked: &mut Chunked,
    content: &mut Vec<u8>,
) -> Result<bool, LaneError> {
    loop {
        let step = chunked
            .step(&socket.buffer)
            .map_err(LaneError::BodyMalformed)?;
        match step {
            Step::Data { skip, length } => {
                let end = skip.saturating_add(length);
                content.extend_from_slice(socket.buffer.get(skip..end).unwrap_or_default());
                socket.buffer.drain(..end);
                return Ok(true);
            }
            Step::End { length } => {
                socket.buffer.drain(..length);
                return Ok(false);
            }
            Step::More => {
                socket.buffer.clear();
                if socket.read().await.map_err(LaneError::Body)? == 0 {
                    return Err(LaneError::Body(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }
}
