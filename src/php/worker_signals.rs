//! Signals that ask a worker to end: taken while it runs, given back afterwards.
//!
//! PHP's own handler of these signals (`zend_signal`) ends the process when another handler calls
//! it in turn, and `pcntl`'s waits for the engine. So the actions are replaced as a whole, nothing is
//! chained to, and what was there before is put back. The handler only counts: the first signal
//! ends the loop between two items, a second one also the call that is under way.

#![expect(unsafe_code, reason = "signal actions have no safe form")]

use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, c_int, sigaction};

const TAKEN: [c_int; 4] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP];

static COUNT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: c_int) {
    COUNT.fetch_add(1, Ordering::Relaxed);
}

/// How many signals came since they were taken.
pub(super) fn count_of_signals() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// The signals, from the taking to the drop.
pub(super) struct Signals {
    before: Vec<(c_int, sigaction)>,
}

impl Signals {
    /// Takes them.
    pub(super) fn take() -> Self {
        COUNT.store(0, Ordering::Relaxed);
        let before = TAKEN.into_iter().filter_map(|signal| {
            let mut ours = empty();
            ours.sa_sigaction = count as extern "C" fn(c_int) as usize;
            // A wait of ours goes on; it looks at the count in its own time.
            ours.sa_flags = libc::SA_RESTART;
            replace(signal, &ours).map(|before| (signal, before))
        });
        Self {
            before: before.collect(),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            replace(*signal, before);
        }
        COUNT.store(0, Ordering::Relaxed);
    }
}

fn empty() -> sigaction {
    // SAFETY: an action of zeroes is the default one: no handler, an empty mask, no flags.
    unsafe { std::mem::zeroed() }
}

/// Sets an action; the one that was there, where it could be set.
fn replace(signal: c_int, action: &sigaction) -> Option<sigaction> {
    let mut before = empty();
    // SAFETY: both are valid for the call; the handler does nothing but an atomic addition.
    let done = unsafe { libc::sigaction(signal, action, &raw mut before) };
    (done == 0).then_some(before)
}
