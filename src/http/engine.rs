//! The engine of this process and thread: one current-thread runtime and its pools of sockets.
//!
//! Facts it stands on: a runtime inherited over a fork shares the parent's sockets and epoll, and
//! one with worker threads hangs in the child. So the engine has no threads, belongs to one thread
//! and one fork generation, and is left behind (neither used nor dropped, which would close the
//! parent's TLS sessions) when the generation changed. Nothing runs between two calls, so a pooled
//! socket that the vendor closed goes unnoticed: [`Engine::pump`] lets the runtime look before each
//! send.
//!
//! Pools are kept by a hash of what shapes a transport (timeouts, trust, guard), at most
//! [`MAX_POOLS`], least recently used out. Losing the engine costs a handshake.
//!
//! A future runs in slices, between which the caller may call PHP: no borrow of the thread-local is
//! held then, and `block_on` is never nested.

use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::transport;

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

fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// What a slice of a future came to.
pub(crate) enum Slice<T> {
    /// The future is done.
    Done(T),
    /// Time for the caller to look around.
    Waiting,
    /// The process forked in between: the future belongs to the parent and must be forgotten.
    Forked,
}

/// One thread's runtime and pools.
pub(crate) struct Engine {
    generation: u64,
    runtime: ManuallyDrop<Runtime>,
    pools: ManuallyDrop<RefCell<Vec<(transport::Key, reqwest::Client)>>>,
}

/// The engine of this thread; made on first use and again after a fork.
///
/// # Errors
/// When the system gives no runtime (out of descriptors).
pub(crate) fn current() -> Result<Rc<Engine>, Failure> {
    ENGINE.with(|slot| {
        let mut slot = slot.borrow_mut();
        if let Some(engine) = slot.as_ref().filter(|engine| engine.is_ours()) {
            return Ok(Rc::clone(engine));
        }
        let engine = Rc::new(Engine::new()?);
        // An engine of the parent is not torn down: its Drop only forgets.
        *slot = Some(Rc::clone(&engine));
        Ok(engine)
    })
}

impl Engine {
    fn new() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(MAX_RESOLVER_THREADS)
            .thread_keep_alive(Duration::from_secs(1))
            .build()
            .map_err(|error| Failure::setup(format!("no runtime: {error}")))?;
        Ok(Self {
            generation: generation(),
            runtime: ManuallyDrop::new(runtime),
            pools: ManuallyDrop::new(RefCell::new(Vec::new())),
        })
    }

    fn is_ours(&self) -> bool {
        self.generation == generation()
    }

    /// The pool for this kind of transport.
    ///
    /// # Errors
    /// When its trust cannot be set up.
    pub(crate) fn pool(&self, key: &transport::Key) -> Result<reqwest::Client, Failure> {
        let mut pools = self.pools.borrow_mut();
        if let Some(at) = pools.iter().position(|(known, _)| known == key) {
            let entry = pools.remove(at);
            let client = entry.1.clone();
            pools.push(entry);
            return Ok(client);
        }
        let client = transport::build(key)?;
        if pools.len() >= MAX_POOLS {
            pools.remove(0);
        }
        pools.push((key.clone(), client.clone()));
        Ok(client)
    }

    /// Lets the runtime notice what happened to idle sockets since the last call.
    pub(crate) fn pump(&self) {
        self.runtime.block_on(async {
            for _ in 0..PUMP_TURNS {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Runs the future for at most one slice.
    pub(crate) fn run<F: Future>(
        &self,
        future: &mut Pin<Box<F>>,
        slice: Duration,
    ) -> Slice<F::Output> {
        if !self.is_ours() {
            return Slice::Forked;
        }
        let outcome = self
            .runtime
            .block_on(async { tokio::time::timeout(slice, future.as_mut()).await });
        match outcome {
            Ok(output) => Slice::Done(output),
            Err(_) => Slice::Waiting,
        }
    }
}

impl Drop for Engine {
    #[expect(unsafe_code, reason = "taking fields out of Drop has no safe form")]
    fn drop(&mut self) {
        if !self.is_ours() {
            return;
        }
        // SAFETY: drop runs once, and `pools` is not touched after this line.
        drop(unsafe { ManuallyDrop::take(&mut self.pools) });
        // SAFETY: drop runs once, and `runtime` is not touched after this line.
        let runtime = unsafe { ManuallyDrop::take(&mut self.runtime) };
        // A name that is still being resolved must not hold up the end of the process.
        runtime.shutdown_background();
    }
}

#[cfg(test)]
mod tests;
