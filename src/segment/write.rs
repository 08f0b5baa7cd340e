//! The writes to shared words, each of them one atomic operation.
//!
//! All of the room's writes go through here, so that two things are said once: the orderings
//! (what was written before is seen by whoever sees this write), and where a process can die.
//! Under test each write is counted, and a child is killed right before its n-th one
//! (`kill_tests.rs`): every protocol must survive that at every n.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Puts a value into a word.
pub(super) fn store(word: &AtomicU64, value: u64) {
    step();
    word.store(value, Ordering::Release);
}

/// From one value to another, unless somebody else was faster.
pub(super) fn exchange(word: &AtomicU64, from: u64, to: u64) -> bool {
    step();
    word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
}

/// The same in one order with all other such exchanges and loads: of two workers that each take
/// one place and then look at the other's, at least one sees the other.
pub(super) fn exchange_in_order(word: &AtomicU64, from: u64, to: u64) -> bool {
    step();
    word.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
        .is_ok()
}

/// Adds, and gives what was there before.
pub(super) fn add(word: &AtomicU64, by: u64) -> u64 {
    step();
    word.fetch_add(by, Ordering::AcqRel)
}

/// Adds to a number that nothing else follows from.
pub(super) fn count(word: &AtomicU64, by: u64) {
    step();
    word.fetch_add(by, Ordering::Relaxed);
}

/// Raises a word to a value, where it is below.
pub(super) fn raise(word: &AtomicU64, to: u64) {
    step();
    word.fetch_max(to, Ordering::AcqRel);
}

/// Sets or clears bits.
pub(super) fn bits(word: &AtomicU64, mask: u64, are_set: bool) {
    step();
    if are_set {
        word.fetch_or(mask, Ordering::AcqRel);
    } else {
        word.fetch_and(!mask, Ordering::AcqRel);
    }
}

/// A word of 32 bits from one value to another, unless somebody else was faster; in one order with
/// all others of its kind.
pub(super) fn turn(word: &AtomicU32, from: u32, to: u32) -> bool {
    step();
    word.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
        .is_ok()
}

/// Counts up a word of 32 bits.
pub(super) fn ring(word: &AtomicU32) {
    step();
    word.fetch_add(1, Ordering::AcqRel);
}

#[cfg(not(test))]
const fn step() {}

#[cfg(test)]
fn step() {
    killing::step();
}

/// Dying on purpose.
#[cfg(test)]
pub(super) mod killing {
    use std::cell::Cell;

    use rustix::process::{Signal, getpid, kill_process};

    thread_local! {
        static WRITES_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// This thread's process is killed before its n-th write from now, 1 for the next.
    pub(in crate::segment) fn arm(writes: u32) {
        WRITES_LEFT.set(Some(writes));
    }

    pub(super) fn step() {
        let Some(left) = WRITES_LEFT.get() else {
            return;
        };
        if left <= 1 {
            let _ = kill_process(getpid(), Signal::KILL);
        }
        WRITES_LEFT.set(Some(left.saturating_sub(1)));
    }
}
