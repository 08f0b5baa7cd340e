//! What a thread of ours waits for: sockets and points in time, by one poll(2).
//!
//! Why not tokio alone: a call over a warm socket is one send, one wait, one receive. Driven by
//! tokio it costs two turns of an epoll loop, its wake-ups and its timer wheel besides, which made
//! a call a third slower than ext-curl (measured). poll(2) over the sockets that are waited for
//! right now needs no registration, and nothing of it outlives the wait: a fork has nothing to
//! inherit.
//!
//! Futures leave here which socket they wait for; [`wait`] sleeps until one is ready, a point in
//! time has come, or somebody rang the thread's [`Alarm`]. While a future of a library needs tokio
//! ([`engine::on_runtime`]), the same is waited for inside the runtime.
//!
//! Time here is the running clock: a socket knows nothing of a frozen one.

use std::cell::RefCell;
use std::future::poll_fn;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::clock::{self, Monotonic};
use crate::http::engine;

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Something can be read, or the peer is gone.
    Read,
    /// Something can be written, connecting has ended, or the peer is gone.
    Write,
    /// One of both.
    Either,
}

/// A socket that somebody waits for.
pub(crate) struct Watch {
    id: u64,
    pub(crate) socket: Rc<dyn AsFd>,
    pub(crate) interest: Interest,
    waker: Waker,
}

struct Timer {
    id: u64,
    at: Monotonic,
    waker: Waker,
}

/// Tells a waiting thread that one of its tasks can go on.
#[derive(Default)]
pub(crate) struct Alarm {
    is_rung: AtomicBool,
    /// Who sleeps inside the runtime meanwhile.
    sleeper: Mutex<Option<Waker>>,
}

impl Alarm {
    pub(super) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel)
            && let Some(sleeper) = self.sleeper.lock().take()
        {
            sleeper.wake();
        }
    }

    fn take(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }

    /// Ready when it was rung; for a wait inside the runtime.
    pub(crate) fn poll_rung(&self, context: &Context<'_>) -> Poll<()> {
        *self.sleeper.lock() = Some(context.waker().clone());
        if self.is_rung.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

struct Reactor {
    generation: u64,
    last_id: u64,
    watches: Vec<Watch>,
    timers: Vec<Timer>,
    alarm: Arc<Alarm>,
}

thread_local! {
    static REACTOR: RefCell<Reactor> = RefCell::new(Reactor::new());
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woke {
    /// A socket, a timer or the alarm.
    Event,
    /// The time was up.
    TimeUp,
    /// A signal came.
    Signal,
}

/// This thread's alarm.
pub(super) fn alarm() -> Arc<Alarm> {
    with(|reactor| Arc::clone(&reactor.alarm))
}

/// Waits until the socket is ready for what is wanted; an error of it counts as ready.
pub(crate) async fn ready(socket: &Rc<impl AsFd + 'static>, interest: Interest) {
    let mut place = Place(None);
    poll_fn(|context| {
        place.poll(context, |id, waker| {
            let socket = Rc::clone(socket) as Rc<dyn AsFd>;
            let watch = Watch {
                id,
                socket,
                interest,
                waker,
            };
            with(|reactor| reactor.watches.push(watch));
        })
    })
    .await;
}

/// Runs a future for at most so long, of a frozen clock's time as well; `None` when the time was up
/// first.
pub(crate) async fn within<F: Future>(
    span: Duration,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    let at = clock::running().saturating_add(span);
    let bound = clock::Bound::begin(span);
    let mut place = Place(None);
    poll_fn(|context| {
        if bound.as_ref().is_some_and(clock::Bound::is_over) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        place.poll_timer(context, at).map(|()| None)
    })
    .await
}

/// Waits so long; a frozen clock is advanced instead.
pub(crate) async fn sleep(span: Duration) {
    if !clock::pass_frozen(span, true).await {
        sleep_running(span).await;
    }
}

/// Waits so long on the running clock.
pub(crate) async fn sleep_running(span: Duration) {
    let at = clock::running().saturating_add(span);
    let mut place = Place(None);
    poll_fn(|context| place.poll_timer(context, at)).await;
}

/// Sleeps until something that is waited for has come, at the latest at `until`.
pub(super) fn wait(until: Monotonic) -> Woke {
    let (is_rung, limit) = with(|reactor| {
        let first = reactor.timers.iter().map(|timer| timer.at).min();
        (
            reactor.alarm.take(),
            first.map_or(until, |at| at.min(until)),
        )
    });
    if is_rung {
        return Woke::Event;
    }
    let left = limit.since(clock::running());
    let woke = match engine::runtime_in_use() {
        Some(runtime) => wait_on_runtime(&runtime, left),
        None => wait_on_sockets(left),
    };
    with(|reactor| reactor.alarm.take());
    let due = with(Reactor::due_timers);
    match (due.is_empty(), woke) {
        (false, Woke::TimeUp) => {
            due.into_iter().for_each(Waker::wake);
            Woke::Event
        }
        (_, woke) => {
            due.into_iter().for_each(Waker::wake);
            woke
        }
    }
}

fn wait_on_sockets(left: Duration) -> Woke {
    let (woke, ready) = with(|reactor| reactor.poll_sockets(left));
    ready.into_iter().for_each(Waker::wake);
    woke
}

/// The same with tokio's own sockets: each watched one is shown to the runtime for this wait.
fn wait_on_runtime(runtime: &Rc<engine::Engine>, left: Duration) -> Woke {
    let (alarm, watched) = with(|reactor| {
        let watched: Vec<_> = reactor.watches.iter().map(Watch::shown).collect();
        (Arc::clone(&reactor.alarm), watched)
    });
    let found = runtime.wait(&alarm, watched, left);
    let Some(ids) = found else {
        return Woke::TimeUp;
    };
    let ready = with(|reactor| reactor.take(|watch| ids.contains(&watch.id)));
    ready.into_iter().for_each(Waker::wake);
    Woke::Event
}

/// A watched socket as the runtime sees it.
pub(crate) struct Shown {
    pub(crate) id: u64,
    pub(crate) socket: Rc<dyn AsFd>,
    pub(crate) interest: Interest,
}

impl Watch {
    fn shown(&self) -> Shown {
        Shown {
            id: self.id,
            socket: Rc::clone(&self.socket),
            interest: self.interest,
        }
    }

    fn flags(&self) -> PollFlags {
        match self.interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
            Interest::Either => PollFlags::IN | PollFlags::OUT,
        }
    }
}

impl Reactor {
    fn new() -> Self {
        Self {
            generation: engine::generation(),
            last_id: 0,
            watches: Vec::new(),
            timers: Vec::new(),
            alarm: Arc::default(),
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    fn poll_sockets(&mut self, left: Duration) -> (Woke, Vec<Waker>) {
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut descriptors: Vec<PollFd<'_>> = self
            .watches
            .iter()
            .map(|watch| PollFd::from_borrowed_fd(watch.socket.as_fd(), watch.flags()))
            .collect();
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(0) => return (Woke::TimeUp, Vec::new()),
            Err(Errno::INTR) => return (Woke::Signal, Vec::new()),
            // Out of memory, too many: each future finds out at its own socket.
            Ok(_) | Err(_) => {}
        }
        let is_ready: Vec<bool> = descriptors
            .iter()
            .map(|descriptor| !descriptor.revents().is_empty())
            .collect();
        drop(descriptors);
        let mut flags = is_ready.into_iter();
        (Woke::Event, self.take(|_| flags.next().unwrap_or(true)))
    }

    /// Takes out the watches that are no longer needed; their wakers.
    fn take(&mut self, mut is_ready: impl FnMut(&Watch) -> bool) -> Vec<Waker> {
        self.watches
            .extract_if(.., |watch| is_ready(watch))
            .map(|watch| watch.waker)
            .collect()
    }

    fn due_timers(&mut self) -> Vec<Waker> {
        if self.timers.is_empty() {
            return Vec::new();
        }
        let now = clock::running();
        self.timers
            .extract_if(.., |timer| timer.at <= now)
            .map(|timer| timer.waker)
            .collect()
    }
}

/// A future's place in the lists; given up when the future is dropped.
struct Place(Option<u64>);

impl Place {
    /// Enters on the first poll; ready when the entry was taken out.
    fn poll(&mut self, context: &Context<'_>, enter: impl FnOnce(u64, Waker)) -> Poll<()> {
        let Some(id) = self.0 else {
            let id = with(Reactor::next_id);
            self.0 = Some(id);
            enter(id, context.waker().clone());
            return Poll::Pending;
        };
        with(|reactor| {
            let entry = reactor.watches.iter_mut().find(|watch| watch.id == id);
            entry.map_or(Poll::Ready(()), |watch| {
                watch.waker.clone_from(context.waker());
                Poll::Pending
            })
        })
    }

    fn poll_timer(&mut self, context: &Context<'_>, at: Monotonic) -> Poll<()> {
        if clock::running() >= at {
            return Poll::Ready(());
        }
        with(|reactor| {
            let known = self.0;
            let entry = reactor
                .timers
                .iter_mut()
                .find(|timer| Some(timer.id) == known);
            if let Some(timer) = entry {
                timer.waker.clone_from(context.waker());
                return;
            }
            let id = reactor.next_id();
            self.0 = Some(id);
            let waker = context.waker().clone();
            reactor.timers.push(Timer { id, at, waker });
        });
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            with(|reactor| {
                reactor.watches.retain(|watch| watch.id != id);
                reactor.timers.retain(|timer| timer.id != id);
            });
        }
    }
}

/// The thread's reactor; one of the parent is left behind, as its lists are the parent's.
fn with<T>(act: impl FnOnce(&mut Reactor) -> T) -> T {
    REACTOR.with_borrow_mut(|reactor| {
        if reactor.generation != engine::generation() {
            std::mem::forget(std::mem::replace(reactor, Reactor::new()));
        }
        act(reactor)
    })
}
