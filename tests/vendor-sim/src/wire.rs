//! The vendors' own sockets: what a fault needs of a connection that an HTTP server does not give.
//!
//! A [`Gate`] is one vendor's port. It can refuse: the listening socket is really closed, so that
//! the kernel answers with RST, while a second socket that is bound but does not listen keeps the
//! port from being given away. A [`Wire`] is one accepted connection. It notes when a request's
//! first byte was read, and it can be aborted: then it writes nothing more and is closed with RST
//! (`SO_LINGER` of zero) instead of FIN. It can also write bytes that no server would write in the
//! place of an answer, and end by itself once an answer has left.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};

use crate::time::now_ms;

const BACKLOG: u32 = 1024;

/// How long a change between listening and refusing may take before the caller goes on anyway.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(5);

/// One vendor's port: whether it listens, and the connections that are open.
pub struct Gate {
    refusing: watch::Sender<bool>,
    listening: watch::Sender<bool>,
    open: Mutex<Vec<Weak<State>>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            refusing: watch::Sender::new(false),
            listening: watch::Sender::new(true),
            open: Mutex::default(),
        }
    }
}

impl Gate {
    /// Closes the port and resets what is open, or opens it again; returns when it is so.
    pub async fn set_refusing(&self, refusing: bool) {
        self.refusing.send_replace(refusing);
        let mut listening = self.listening.subscribe();
        let switched = listening.wait_for(|listening| *listening != refusing);
        // A port that cannot be bound again is reported by the accept loop, not here.
        let _ = tokio::time::timeout(SWITCH_TIMEOUT, switched).await;
        if refusing {
            for state in self.open.lock().drain(..) {
                if let Some(state) = state.upgrade() {
                    state.abort();
                }
            }
        }
    }

    /// Connections accepted and not yet closed.
    pub fn open_connections(&self) -> usize {
        let mut open = self.open.lock();
        open.retain(|state| state.strong_count() > 0);
        open.len()
    }

    fn register(&self, state: &Arc<State>) {
        let mut open = self.open.lock();
        // Swept when the list has doubled, so that the cost stays constant for each connection.
        if open.len() == open.capacity() {
            open.retain(|state| state.strong_count() > 0);
        }
        open.push(Arc::downgrade(state));
    }
}

/// What a connection and the requests on it know of each other.
#[derive(Default)]
struct State {
    is_aborted: AtomicBool,
    aborted: Notify,
    reader: AtomicWaker,
    began_ms: AtomicI64,
    /// What is written in the place of the server's bytes.
    instead: Mutex<Option<Bytes>>,
    /// The connection ends once something has been written.
    closes_after: AtomicBool,
    has_written: AtomicBool,
}

/// Bytes that no HTTP server writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// None: the connection ends.
    Nothing,
    /// Another protocol's, then the end.
    Garbled,
    /// The beginning of a head, then the end.
    HalfHead,
    /// The beginning of a head, and then nothing.
    StalledHead,
    /// A head without end.
    EndlessHead,
}

impl Bytes {
    fn first(self) -> &'static [u8] {
        match self {
            Self::Nothing => b"",
            Self::Garbled => b"220 mail.example ESMTP\r\n",
            Self::HalfHead | Self::StalledHead | Self::EndlessHead => {
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-half: "
            }
        }
    }

    /// What follows for ever.
    fn rest(self) -> &'static [u8] {
        match self {
            Self::EndlessHead => b"and on\r\nx-more: on and on and on and on and on",
            Self::Nothing | Self::Garbled | Self::HalfHead | Self::StalledHead => b"",
        }
    }
}

impl State {
    fn abort(&self) {
        self.is_aborted.store(true, Ordering::Release);
        self.aborted.notify_waiters();
        self.reader.wake();
    }

    fn check(&self) -> io::Result<()> {
        if self.is_aborted.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

/// The connection as a request handler sees it.
#[derive(Clone, Default)]
pub struct Peer(Arc<State>);

impl fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Peer")
    }
}

impl Peer {
    /// When the first byte of the present request was read; forgets it.
    pub fn take_began_ms(&self) -> i64 {
        match self.0.began_ms.swap(0, Ordering::AcqRel) {
            0 => now_ms(),
            began_ms => began_ms,
        }
    }

    /// The request has been read to its end: the next byte begins another one.
    pub fn request_is_over(&self) {
        self.0.began_ms.store(0, Ordering::Release);
    }

    /// From now on nothing is written, and the connection ends with RST.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// These bytes leave in the place of the server's.
    pub fn write_instead(&self, bytes: Bytes) {
        *self.0.instead.lock() = Some(bytes);
    }

    /// The connection ends, with FIN and without notice, once the answer has left.
    pub fn close_after_answer(&self) {
        self.0.has_written.store(false, Ordering::Release);
        self.0.closes_after.store(true, Ordering::Release);
    }

    /// Returns when the connection has been aborted.
    pub async fn aborted(&self) {
        let aborted = self.0.aborted.notified();
        if self.0.check().is_ok() {
            aborted.await;
        }
    }
}

impl Connected<IncomingStream<'_, GatedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, GatedListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// The accept loop's end of a [`Gate`].
pub struct GatedListener {
    gate: Arc<Gate>,
    refusing: watch::Receiver<bool>,
    address: SocketAddr,
    listener: Option<TcpListener>,
    _reservation: TcpSocket,
}

impl GatedListener {
    /// Binds a port of the system's choosing on 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn bind(gate: Arc<Gate>) -> io::Result<Self> {
        let reservation = reusable_socket(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = reservation.local_addr()?;
        let listener = listen(address)?;
        Ok(Self {
            refusing: gate.refusing.subscribe(),
            gate,
            address,
            listener: Some(listener),
            _reservation: reservation,
        })
    }

    /// The address clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Brings the listening socket in line with what the gate wants.
    async fn follow(&mut self) {
        let refusing = *self.refusing.borrow_and_update();
        if refusing {
            self.listener = None;
        } else if self.listener.is_none() {
            match listen(self.address) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    eprintln!(
                        "vendor-sim: cannot listen on {} again: {error}",
                        self.address
                    );
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        self.gate.listening.send_replace(self.listener.is_some());
    }
}

impl Listener for GatedListener {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        loop {
            self.follow().await;
            let Some(listener) = &self.listener else {
                // The gate lives as long as this listener, so its sender cannot be gone.
                if *self.refusing.borrow() {
                    let _ = self.refusing.changed().await;
                }
                continue;
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.refusing.changed() => continue,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Small answers must not wait for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    let peer = Peer::default();
                    self.gate.register(&peer.0);
                    let state = Arc::clone(&peer.0);
                    let instead_at = 0;
                    let wire = Wire {
                        stream,
                        state,
                        instead_at,
                    };
                    return (wire, peer);
                }
                // Out of descriptors, mostly: give others the time to close some.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer::default())
    }
}

fn reusable_socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    reusable_socket(address)?.listen(BACKLOG)
}

/// One accepted connection.
pub struct Wire {
    stream: TcpStream,
    state: Arc<State>,
    /// Bytes written in the place of the server's.
    instead_at: usize,
}

impl Wire {
    /// Writes what takes the place of the server's bytes; ends with an error, which closes the
    /// connection, or never.
    fn poll_instead(&mut self, context: &mut Context<'_>, bytes: Bytes) -> Poll<io::Result<usize>> {
        loop {
            let first = bytes.first();
            let piece = match first.get(self.instead_at..) {
                Some(left) if !left.is_empty() => left,
                Some(_) | None => bytes.rest(),
            };
            if piece.is_empty() {
                return match bytes {
                    // The reading side notices when the client goes.
                    Bytes::StalledHead => Poll::Pending,
                    Bytes::Nothing | Bytes::Garbled | Bytes::HalfHead | Bytes::EndlessHead => {
                        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
                    }
                };
            }
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, piece))?;
            self.instead_at = self.instead_at.saturating_add(written);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.state.check().is_err() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        wire.state.reader.register(context.waker());
        wire.state.check()?;
        let is_over = wire.state.has_written.load(Ordering::Acquire);
        if is_over && wire.state.closes_after.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let filled_before = buffer.filled().len();
        ready!(Pin::new(&mut wire.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > filled_before {
            // Only the first byte of a request counts; later ones find the time already set.
            let began = &wire.state.began_ms;
            let _ = began.compare_exchange(0, now_ms(), Ordering::AcqRel, Ordering::Acquire);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.state.check()?;
        let wire = self.get_mut();
        let instead = *wire.state.instead.lock();
        if let Some(instead) = instead {
            return wire.poll_instead(context, instead);
        }
        let written = ready!(Pin::new(&mut wire.stream).poll_write(context, bytes))?;
        if wire.state.closes_after.load(Ordering::Acquire) {
            wire.state.has_written.store(true, Ordering::Release);
            wire.state.reader.wake();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // One slice after the other: faults look at what is written in one place.
        let bytes = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(context, bytes.map_or(&[], |slice| &**slice))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.check()?;
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.check()?;
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
