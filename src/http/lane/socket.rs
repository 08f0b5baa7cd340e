//! Bytes over one connection, plain or TLS, without blocking the thread but in the reactor.

use std::io::{self, BufRead, Write};
use std::net::TcpStream;
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustls::ClientConnection;

use crate::clock::{self, Monotonic};
use crate::http::run::reactor::{Interest, ready};

/// What one read takes at most into the buffer of a socket.
pub(super) const READ_BYTES: usize = 16 * 1024;

/// How an interim answer begins.
const INTERIM: &[u8] = b"HTTP/1.1 1";

/// A connection.
pub(super) struct Socket {
    stream: Rc<TcpStream>,
    tls: Option<Box<ClientConnection>>,
    /// What was read and not used.
    pub(super) buffer: Vec<u8>,
    /// Since when it is idle.
    pub(super) idle_since: Monotonic,
}

/// How far sending came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// All of it is sent.
    Done,
    /// The peer answers before it has seen all: it wants no more.
    Answered,
}

impl Socket {
    pub(super) fn new(stream: Rc<TcpStream>, tls: Option<Box<ClientConnection>>) -> Self {
        Self {
            stream,
            tls,
            buffer: Vec::with_capacity(READ_BYTES),
            idle_since: clock::running(),
        }
    }

    /// Whether an idle connection can be used: the peer neither closed it nor said anything, as
    /// nobody asked it.
    pub(super) fn is_alive(&mut self) -> bool {
        if self.tls.is_none() {
            let mut byte = [0_u8; 1];
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            return matches!(recv(&*self.stream, &mut byte, flags), Err(Errno::AGAIN));
        }
        // TLS says things of its own (tickets): only an end or content is a reason to distrust.
        let is_quiet = matches!(self.try_read(READ_BYTES), Err(error) if would_block(&error));
        is_quiet && self.buffer.is_empty()
    }

    /// Reads what is there into the buffer, and waits for it; 0 at the end.
    pub(super) async fn read(&mut self) -> io::Result<usize> {
        loop {
            // TLS may hold content that came with the last record.
            if self.tls.is_some() {
                match self.try_read(READ_BYTES) {
                    Err(error) if would_block(&error) => {}
                    other => return other,
                }
            }
            ready(&self.stream, Interest::Read).await;
            match self.try_read(READ_BYTES) {
                Err(error) if would_block(&error) => {}
                other => return other,
            }
        }
    }

    /// Reads behind what `content` holds, and waits for it; 0 at the end. It may be more than was
    /// wanted, where the vector has room.
    pub(super) async fn read_into(
        &mut self,
        content: &mut Vec<u8>,
        wanted: usize,
    ) -> io::Result<usize> {
        loop {
            match self.try_read_into(content, wanted) {
                Err(error) if would_block(&error) => ready(&self.stream, Interest::Read).await,
                other => return other,
            }
        }
    }

    fn try_read(&mut self, wanted: usize) -> io::Result<usize> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.try_read_into(&mut buffer, wanted);
        self.buffer = buffer;
        outcome
    }

    fn try_read_into(&mut self, content: &mut Vec<u8>, wanted: usize) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return receive(&self.stream, content, wanted);
        };
        loop {
            match tls.reader().fill_buf() {
                Ok(plain) => {
                    let length = plain.len().min(wanted);
                    content.extend_from_slice(plain.get(..length).unwrap_or(plain));
                    tls.reader().consume(length);
                    return Ok(length);
                }
                Err(error) if would_block(&error) => {}
                Err(error) => return Err(error),
            }
            let end = tls.read_tls(&mut &*self.stream)? == 0;
            let state = tls.process_new_packets();
            // An alert or a key update is said without waiting; what does not fit goes with the
            // next request.
            while tls.wants_write() && tls.write_tls(&mut &*self.stream).is_ok() {}
            state.map_err(io::Error::other)?;
            if end
                && tls
                    .reader()
                    .fill_buf()
                    .is_err_and(|error| would_block(&error))
            {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Sends all bytes, unless the peer begins to answer before; `begun` is called once the first
    /// byte may have left.
    pub(super) async fn send(&mut self, bytes: &[u8], begun: impl Fn()) -> io::Result<Flow> {
        let mut left = bytes;
        loop {
            match self.try_send(left) {
                Ok(sent) => {
                    if sent > 0 {
                        begun();
                    }
                    left = left.get(sent..).unwrap_or_default();
                    if left.is_empty() && !self.tls.as_ref().is_some_and(|tls| tls.wants_write()) {
                        return Ok(Flow::Done);
                    }
                    continue;
                }
                Err(error) if would_block(&error) => {}
                // A peer that answered and closed may have left its answer.
                Err(error) => match self.try_read(READ_BYTES) {
                    Ok(read) if read > 0 => return Ok(Flow::Answered),
                    Ok(_) | Err(_) => return Err(error),
                },
            }
            ready(&self.stream, Interest::Either).await;
            match self.try_read(READ_BYTES) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // An interim answer (1xx) is none: the peer goes on listening.
                Ok(_) if self.buffer.starts_with(INTERIM) => {}
                Ok(_) => return Ok(Flow::Answered),
                Err(error) if would_block(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn try_send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            return Ok(send(&*self.stream, bytes, flags)?);
        };
        let mut taken = 0;
        while tls.wants_write() || taken < bytes.len() {
            taken += tls.writer().write(bytes.get(taken..).unwrap_or_default())?;
            match tls.write_tls(&mut &*self.stream) {
                Ok(_) => {}
                Err(error) if would_block(&error) && taken > 0 => return Ok(taken),
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Runs the handshake to its end.
    pub(super) async fn handshake(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while tls.is_handshaking() || tls.wants_write() {
            let interest = if tls.wants_write() {
                match tls.write_tls(&mut &*self.stream) {
                    Ok(_) => continue,
                    Err(error) if would_block(&error) => Interest::Write,
                    Err(error) => return Err(error),
                }
            } else {
                match tls.read_tls(&mut &*self.stream) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(_) => {
                        if let Err(error) = tls.process_new_packets() {
                            let _ = tls.write_tls(&mut &*self.stream);
                            return Err(io::Error::other(error));
                        }
                        continue;
                    }
                    Err(error) if would_block(&error) => Interest::Read,
                    Err(error) => return Err(error),
                }
            };
            ready(&self.stream, interest).await;
        }
        Ok(())
    }

    /// Whether the peer chose HTTP/2 in the handshake.
    pub(super) fn speaks_http2(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_some_and(|tls| tls.alpn_protocol() == Some(b"h2"))
    }
}

/// Receives into what the vector has room for, at least so much as is wanted or a buffer of it.
/// What comes beyond what was wanted is the caller's to judge.
fn receive(stream: &TcpStream, content: &mut Vec<u8>, wanted: usize) -> io::Result<usize> {
    if content.capacity() == content.len() {
        content.reserve(wanted);
    }
    loop {
        match recv(stream, spare_capacity(content), RecvFlags::DONTWAIT) {
            Ok((_, read)) => return Ok(read),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Whether it only has to be waited for.
pub(super) fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
