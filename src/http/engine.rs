//! The engine of this process and thread: its pools of sockets, and a runtime for libraries.
//!
//! Facts it stands on: a runtime inherited over a fork shares the parent's sockets and epoll, and
//! one with worker threads hangs in the child. So the engine has no threads, belongs to one thread
//! and one fork generation, and is left behind (neither used nor dropped, which would close the
//! parent's TLS sessions) when the generation changed. Nothing runs between two calls, so a socket
//! that a library pools and the vendor closed goes unnoticed: [`Engine::pump`] lets the runtime
//! look before each send.
//!
//! The runtime is made when a first future needs it. Futures are polled by the runners, outside of
//! it; [`OnRuntime`] enters it for a library's future, and while such a future lives the thread
//! waits inside the runtime.
//!
//! Pools are kept by what shapes a transport (timeouts, trust, guard), at most [`MAX_POOLS`], least
//! recently used out. Losing the engine costs a handshake.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::{Future, poll_fn};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::run::reactor::{Alarm, Interest, Shown};
use super::transport::{self, Key};
use super::{Protocol, lane, tls};

/// Pools that a thread keeps.
const MAX_POOLS: usize = 32;
/// Threads that may resolve names at once; they live briefly.
const MAX_RESOLVER_THREADS: usize = 4;
/// Turns that the runtime gets to notice dead sockets.
const PUMP_TURNS: usize = 4;

/// Counts forks: an engine of an older generation belongs to the parent.
static GENERATION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static ENGINE: RefCell<Option<Rc<Engine>>> = const { RefCell::new(None) };
}

/// To be called in the child after a fork (`pthread_atfork`): engines made before are the
/// parent's. Async-signal-safe: one atomic add.
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// How often the process forked from its first ancestor.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// One thread's pools and runtime.
pub(crate) struct Engine {
    generation: u64,
    runtime: OnceCell<Runtime>,
    /// Futures that live inside the runtime.
    users: Cell<usize>,
    pools: RefCell<Vec<(Key, reqwest::Client)>>,
    tls: RefCell<Vec<(tls::Options, Protocol, Arc<ClientConfig>)>>,
    lane: lane::Pool,
}

/// The engine of this thread; made on first use and again after a fork.
pub(crate) fn current() -> Rc<Engine> {
    ENGINE.with(|slot| {
        let mut slot = slot.borrow_mut();
        match slot.as_ref() {
            Some(engine) if engine.is_ours() => Rc::clone(engine),
            Some(_) | None => {
                let engine = Rc::new(Engine::new());
                // An engine of the parent is not torn down: its Drop only forgets.
                *slot = Some(Rc::clone(&engine));
                engine
            }
        }
    })
}

/// Asks the lane's pool of this thread.
pub(super) fn with_lane<T>(act: impl FnOnce(&lane::Pool) -> T) -> T {
    act(&current().lane)
}

/// This thread's engine while a future lives inside its runtime.
pub(super) fn runtime_in_use() -> Option<Rc<Engine>> {
    ENGINE.with_borrow(|slot| {
        slot.as_ref()
            .filter(|engine| engine.users.get() > 0 && engine.is_ours())
            .cloned()
    })
}

impl Engine {
    fn new() -> Self {
        Self {
            generation: generation(),
            runtime: OnceCell::new(),
            users: Cell::new(0),
            pools: RefCell::new(Vec::new()),
            tls: RefCell::new(Vec::new()),
            lane: lane::Pool::default(),
        }
    }

    /// Whether it was made by this process.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == generation()
    }

    fn runtime(&self) -> Result<&Runtime, Failure> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(MAX_RESOLVER_THREADS)
            .thread_keep_alive(Duration::from_secs(1))
            .build()
            .map_err(|error| Failure::setup(format!("no runtime: {error}")))?;
        Ok(self.runtime.get_or_init(|| runtime))
    }

    /// The TLS configuration for these options, with the sessions that were made under it.
    ///
    /// # Errors
    /// When trust cannot be set up.
    pub(crate) fn tls(
        &self,
        options: &tls::Options,
        protocol: Protocol,
    ) -> Result<Arc<ClientConfig>, Failure> {
        let mut all = self.tls.borrow_mut();
        let known = all
            .iter()
            .find(|(known, speaks, _)| *speaks == protocol && known == options);
        if let Some((_, _, config)) = known {
            return Ok(Arc::clone(config));
        }
        let names: &[&str] = match protocol {
            Protocol::Auto => &["h2", "http/1.1"],
            Protocol::Http1 => &["http/1.1"],
            Protocol::Http2 => &["h2"],
        };
        let config =
            tls::client_config(options, names).map_err(|e| Failure::setup(e.to_string()))?;
        let config = Arc::new(config);
        if all.len() >= MAX_POOLS {
            all.remove(0);
        }
        all.push((options.clone(), protocol, Arc::clone(&config)));
        Ok(config)
    }

    /// The library's pool for this kind of transport.
    ///
    /// # Errors
    /// When its trust cannot be set up.
    pub(crate) fn pool(&self, key: &Key) -> Result<reqwest::Client, Failure> {
        let mut pools = self.pools.borrow_mut();
        if let Some(at) = pools.iter().position(|(known, _)| known == key) {
            let entry = pools.remove(at);
            let client = entry.1.clone();
            pools.push(entry);
            return Ok(client);
        }
        let tls = key
            .tls
            .as_ref()
            .map(|options| self.tls(options, key.protocol));
        let client = transport::library::build(key, tls.transpose()?)?;
        if pools.len() >= MAX_POOLS {
            pools.remove(0);
        }
        pools.push((key.clone(), client.clone()));
        Ok(client)
    }

    /// Lets the runtime notice what happened to idle sockets since the last call.
    ///
    /// # Errors
    /// When the system gives no runtime (out of descriptors).
    pub(crate) fn pump(&self) -> Result<(), Failure> {
        self.runtime()?.block_on(async {
            for _ in 0..PUMP_TURNS {
                tokio::task::yield_now().await;
            }
        });
        Ok(())
    }

    /// Drops a library's value inside the runtime; the parent's is left behind.
    pub(crate) fn release<T>(&self, value: T) {
        if self.is_ours() {
            let _entered = self.runtime.get().map(Runtime::enter);
            drop(value);
        } else {
            std::mem::forget(value);
        }
    }

    /// Waits inside the runtime; which of the sockets are ready, `None` when the time was up.
    pub(super) fn wait(
        &self,
        alarm: &Alarm,
        shown: Vec<Shown>,
        left: Duration,
    ) -> Option<Vec<u64>> {
        let runtime = self.runtime.get()?;
        runtime.block_on(async {
            let sockets: Vec<_> = shown.into_iter().map(Registered::new).collect();
            let ready = poll_fn(|context| {
                let ids: Vec<u64> = sockets
                    .iter()
                    .filter_map(|socket| socket.poll(context))
                    .collect();
                if ids.is_empty() && alarm.poll_rung(context).is_pending() {
                    return Poll::Pending;
                }
                Poll::Ready(ids)
            });
            tokio::time::timeout(left, ready).await.ok()
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if self.is_ours() {
            // Not entered: the thread may be ending, and tokio's own thread-locals be gone.
            drop(std::mem::take(&mut self.pools));
            // A name that is still being resolved must not hold up the end of the process.
            runtime.shutdown_background();
        } else {
            std::mem::forget(std::mem::take(&mut self.pools));
            std::mem::forget(runtime);
        }
    }
}

/// A watched socket, known to the runtime for one wait.
struct Registered {
    id: u64,
    interest: Interest,
    /// `None` where the runtime could not take it: it counts as ready, and its user finds out.
    socket: Option<AsyncFd<Descriptor>>,
}

struct Descriptor(Rc<dyn AsFd>);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Registered {
    #[expect(unsafe_code, reason = "tokio cannot see that a descriptor stays open")]
    fn new(shown: Shown) -> Self {
        let interest = match shown.interest {
            Interest::Read => tokio::io::Interest::READABLE,
            Interest::Write => tokio::io::Interest::WRITABLE,
            Interest::Either => tokio::io::Interest::READABLE | tokio::io::Interest::WRITABLE,
        };
        // SAFETY: the descriptor is that of a socket which the registration itself keeps open, and
        // no other: the socket sits behind an `Rc` that is never replaced.
        let socket = unsafe { AsyncFd::register_with_interest(Descriptor(shown.socket), interest) };
        Self {
            id: shown.id,
            interest: shown.interest,
            socket: socket.ok(),
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Option<u64> {
        let is_ready = match (&self.socket, self.interest) {
            (None, _) => true,
            (Some(socket), Interest::Read) => socket.poll_read_ready(context).is_ready(),
            (Some(socket), Interest::Write) => socket.poll_write_ready(context).is_ready(),
            (Some(socket), Interest::Either) => {
                let can_read = socket.poll_read_ready(context).is_ready();
                socket.poll_write_ready(context).is_ready() || can_read
            }
        };
        is_ready.then_some(self.id)
    }
}

/// A library's future: polled and dropped inside the runtime, which the thread waits in meanwhile.
pub(crate) struct OnRuntime<F> {
    future: Option<Pin<Box<F>>>,
    engine: Rc<Engine>,
}

/// Prepares a library's future to be run by our runners.
///
/// # Errors
/// When the system gives no runtime.
pub(crate) fn on_runtime<F: Future>(future: F) -> Result<OnRuntime<F>, Failure> {
    let engine = current();
    engine.runtime()?;
    engine.users.set(engine.users.get().saturating_add(1));
    Ok(OnRuntime {
        future: Some(Box::pin(future)),
        engine,
    })
}

impl<F: Future> Future for OnRuntime<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let _entered = this.engine.runtime.get().map(Runtime::enter);
        match this.future.as_mut() {
            Some(future) => future.as_mut().poll(context),
            // Never: a future is taken out in Drop alone.
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for OnRuntime<F> {
    fn drop(&mut self) {
        self.engine.release(self.future.take());
        let users = self.engine.users.get();
        self.engine.users.set(users.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests;
