//! A frozen clock, for one thread.
//!
//! Freezing pins the wall clock where the test says and the monotonic clock where it stands, so
//! that words already in the segment keep their age. Both move together, by [`advance`] and by
//! waits alone. The log of waits is bounded; what is beyond it is not kept.

use std::{cell::RefCell, time::Duration};

use super::{Monotonic, UnixMs};

/// So many waits are remembered; a test that needs more has lost its way.
const WAITS_MAX: usize = 10_000;

struct Frozen {
    monotonic: Monotonic,
    unix: UnixMs,
    waits: Vec<Duration>,
}

thread_local! {
    static FROZEN: RefCell<Option<Frozen>> = const { RefCell::new(None) };
}

/// Stops this thread's clocks, the wall clock at `unix`; frozen before, it only jumps, and the
/// log of waits starts anew.
pub fn freeze(unix: UnixMs) {
    let monotonic = super::monotonic();
    FROZEN.with_borrow_mut(|frozen| {
        *frozen = Some(Frozen {
            monotonic,
            unix,
            waits: Vec::new(),
        });
    });
}

/// Moves a frozen clock on; nothing where the clock runs.
pub fn advance(span: Duration) {
    FROZEN.with_borrow_mut(|frozen| {
        if let Some(frozen) = frozen {
            frozen.monotonic = frozen.monotonic.saturating_add(span);
            frozen.unix = frozen.unix.saturating_add(span);
        }
    });
}

/// Lets this thread's clocks run again and forgets the log of waits.
pub fn thaw() {
    FROZEN.with_borrow_mut(|frozen| *frozen = None);
}

/// Whether this thread's clocks stand still.
pub fn is_frozen() -> bool {
    FROZEN.with_borrow(Option::is_some)
}

/// The frozen wall clock; `None` while it runs. A store takes it in place of its database's now.
pub fn frozen_unix() -> Option<UnixMs> {
    FROZEN.with_borrow(|frozen| frozen.as_ref().map(|frozen| frozen.unix))
}

/// The waits that the frozen clock skipped, oldest first.
pub fn waits() -> Vec<Duration> {
    FROZEN.with_borrow(|frozen| {
        frozen
            .as_ref()
            .map_or_else(Vec::new, |frozen| frozen.waits.clone())
    })
}

pub(super) fn monotonic() -> Option<Monotonic> {
    FROZEN.with_borrow(|frozen| frozen.as_ref().map(|frozen| frozen.monotonic))
}

/// Takes the wait in place of a sleep; false where the clock runs and the caller must sleep.
pub(super) fn take_wait(span: Duration) -> bool {
    if !is_frozen() {
        return false;
    }
    advance(span);
    log(span);
    true
}

/// Writes a wait down.
pub(super) fn log(span: Duration) {
    FROZEN.with_borrow_mut(|frozen| {
        if let Some(frozen) = frozen
            && frozen.waits.len() < WAITS_MAX
        {
            frozen.waits.push(span);
        }
    });
}
