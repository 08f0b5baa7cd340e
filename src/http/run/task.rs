//! One future that is being run, and whether it can go on.
//!
//! The flag stands outside the wait: a wake-up that comes while nobody waits, or between two waits,
//! is found at the next look and never lost.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::reactor::{self, Alarm};

/// A task's wake-up flag, which rings its thread's alarm.
struct Woken {
    flag: AtomicBool,
    alarm: Arc<Alarm>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.flag.store(true, Ordering::Release);
        self.alarm.ring();
    }
}

/// A future that is being run on this thread.
pub(super) struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    woken: Arc<Woken>,
    waker: Waker,
}

impl<'a, T> Task<'a, T> {
    /// Takes the future over; it is polled first when somebody looks.
    pub(super) fn new(future: impl Future<Output = T> + 'a) -> Self {
        let woken = Arc::new(Woken {
            flag: AtomicBool::new(true),
            alarm: reactor::alarm(),
        });
        Self {
            future: Box::pin(future),
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        }
    }

    /// Polls it if it can go on.
    pub(super) fn poll(&mut self) -> Poll<T> {
        if !self.woken.flag.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        self.future
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
    }

    /// Whether a poll would do something.
    pub(super) fn can_go_on(&self) -> bool {
        self.woken.flag.load(Ordering::Acquire)
    }

    /// Leaves the future as it is, without running its drops: it belongs to the parent process.
    pub(super) fn forget(self) {
        std::mem::forget(self.future);
    }
}
