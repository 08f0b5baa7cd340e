//! Short leases by key: one worker of the host does something, the others wait or do without.
//!
//! A lease is one word (18 bits of the key, the holder's process, the end) in one of the 8 places
//! of the key's set; taking it is one compare-and-swap. After that the set is looked through once
//! more: of two workers that took places for one key at the same moment, at least one sees the
//! other and gives way. Other keys with the same 18 bits and set look alike; that costs a wait.
//!
//! A lease ends by its time, by its release, and when its process is gone. A set without a free
//! place is counted, and the lease is granted to this process alone: single flight is about load,
//! never about correctness.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Shared,
    layout::{LEASE_SETS, LEASES_PER_SET},
    owner,
    table::word_at,
    words::{self, Holder},
    write,
};
use crate::clock::Monotonic;

/// Lost races after which somebody else is taken to hold it.
const TURNS_MAX: usize = 4;

/// Held until it is released, dropped, over in time, or its process ends.
pub struct Lease {
    segment: Arc<Shared>,
    /// The place and its word; `None` where the set was full.
    taken: Option<(usize, u64)>,
    /// A forked child inherits the value and must not release its parent's lease.
    pid: u32,
}

impl Lease {
    /// Ends it now.
    pub fn release(self) {
        drop(self);
    }

    /// Whether other processes see it.
    pub fn is_shared(&self) -> bool {
        self.taken.is_some()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((place, word)) = self.taken
            && self.pid == owner::me()
            && let Some(at) = self.segment.layout().leases.get(place)
        {
            // Fails where it was over and another took it, whose it now is.
            write::exchange_in_order(at, word, 0);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lease({:?})", self.taken.map(|(place, _)| place))
    }
}

/// Takes the lease for at most `ttl` (an hour at most); `None` while somebody holds it.
pub(super) fn take(
    segment: &Arc<Shared>,
    key: &[u8; 32],
    ttl: Duration,
    now: Monotonic,
) -> Option<Lease> {
    let pid = owner::me();
    let (tag, start) = position(key);
    let mine = words::lease(tag, Holder::new(pid, ttl, now));
    for _ in 0..TURNS_MAX {
        let mut free = None;
        for (place, word) in set(segment, start) {
            let seen = word.load(Ordering::SeqCst);
            match live(seen, now) {
                Some(found) if found == tag => return None,
                Some(_) => {}
                None => free = free.or(Some((place, word, seen))),
            }
        }
        let Some((place, word, seen)) = free else {
            write::count(&segment.layout().header.overflowed_leases, 1);
            return Some(Lease {
                segment: Arc::clone(segment),
                taken: None,
                pid,
            });
        };
        if let Some(lease) = stand(segment, (place, word, seen), mine, now) {
            return Some(lease);
        }
    }
    None
}

/// Takes a place that was seen free, unless another was faster or stands for the same key by now:
/// of two that see each other both give way and try again.
fn stand(
    segment: &Arc<Shared>,
    (place, word, seen): (usize, &AtomicU64, u64),
    mine: u64,
    now: Monotonic,
) -> Option<Lease> {
    if !write::exchange_in_order(word, seen, mine) {
        return None;
    }
    let lease = Lease {
        segment: Arc::clone(segment),
        taken: Some((place, mine)),
        pid: owner::me(),
    };
    let start = place - place % LEASES_PER_SET;
    (!is_held_elsewhere(segment, mine, start, place, now)).then_some(lease)
}

/// Whether anybody holds the key's lease.
pub(super) fn is_held(segment: &Shared, key: &[u8; 32], now: Monotonic) -> bool {
    let (tag, start) = position(key);
    set(segment, start).any(|(_, word)| live(word.load(Ordering::SeqCst), now) == Some(tag))
}

fn is_held_elsewhere(
    segment: &Shared,
    mine: u64,
    start: usize,
    taken: usize,
    now: Monotonic,
) -> bool {
    let tag = words::read_lease(mine).map(|(tag, _)| tag);
    set(segment, start)
        .any(|(place, word)| place != taken && live(word.load(Ordering::SeqCst), now) == tag)
}

/// The tag of a lease that is neither free, over nor its holder gone.
fn live(word: u64, now: Monotonic) -> Option<u64> {
    let (tag, holder) = words::read_lease(word)?;
    (holder.remaining(now).is_some() && owner::is_alive(holder.pid)).then_some(tag)
}

/// The tag and the first place of the key's set.
fn position(key: &[u8; 32]) -> (u64, usize) {
    let set = usize::try_from(word_at(key, 0) % LEASE_SETS as u64).unwrap_or(0);
    (words::lease_tag(word_at(key, 1)), set * LEASES_PER_SET)
}

fn set(segment: &Shared, start: usize) -> impl Iterator<Item = (usize, &AtomicU64)> {
    segment
        .layout()
        .leases
        .iter()
        .enumerate()
        .skip(start)
        .take(LEASES_PER_SET)
}

#[cfg(test)]
mod tests;
