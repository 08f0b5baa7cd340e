//! One worker's answer for all that ask the same at the same time.
//!
//! Who leads is said by the [lease](super::lease) of the key. Who finds it held listens: it notes
//! on the key's bell until when, and waits for a ring. The leader that ends looks at the bell, and
//! only where somebody listens it writes its answer into one of 16 places, in turn; then it ends
//! its lease and rings. A listener takes an answer that was done after it began to ask. Where there
//! is none (the leader failed, its answer was too large, its place was written over), it goes on by
//! itself; where the leader is gone, it may lead.
//!
//! A result is generation, key, length, time and bytes, and a checksum over all of them and the
//! whole key: what is torn, mixed by two writers, or left half done by a killed one does not match
//! and is no result. So is a write killed at any step. Nothing is ever locked or given back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ring::digest::{Context, SHA256};
use rustix::thread::futex;

use super::{
    Shared,
    layout::{BELLS, Bell, RESULT_BYTES, RESULTS, ResultCell},
    table::word_at,
    write,
};
use crate::clock::Monotonic;

/// The longest answer that is handed over.
pub const RESULT_MAX_BYTES: usize = RESULT_BYTES;
/// A listener whose answer does not come looks around at least this often.
const LISTEN_MAX: Duration = Duration::from_millis(100);

/// What the asking calls of one key share.
#[derive(Clone)]
pub struct Flight {
    segment: Arc<Shared>,
    key: [u8; 32],
}

impl std::fmt::Debug for Flight {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Flight({:016x})", self.tag())
    }
}

impl Flight {
    pub(super) fn new(segment: Arc<Shared>, key: [u8; 32]) -> Self {
        Self { segment, key }
    }

    /// Says that somebody listens for the answer, until then at most.
    pub fn listen(&self, until: Monotonic) {
        if let Some(bell) = self.bell() {
            write::raise(&bell.listened_until, until.as_nanos());
        }
    }

    /// What [`Flight::wait`] needs: how often the bell has rung. Read before looking for a result.
    pub fn rings(&self) -> u32 {
        self.bell()
            .map_or(0, |bell| bell.rings.load(Ordering::Acquire))
    }

    /// Blocks this thread until the bell has rung more often than that, for `span` at most and
    /// never longer than 100 ms. Other keys may ring it too.
    pub fn wait(&self, rings: u32, span: Duration) {
        let Some(bell) = self.bell() else { return };
        let span = span.min(LISTEN_MAX);
        let timeout = rustix::time::Timespec {
            tv_sec: 0,
            tv_nsec: span.subsec_nanos().into(),
        };
        // Whatever ends the wait (ring, time, signal, no futex): the caller looks again.
        let _ = futex::wait(&bell.rings, futex::Flags::empty(), rings, Some(&timeout));
    }

    /// The answer of a leader that was done after `since`.
    pub fn result(&self, since: Monotonic) -> Option<Vec<u8>> {
        let results = self.segment.layout().results.iter();
        results
            .filter(|cell| cell.key.load(Ordering::Acquire) == self.tag())
            .filter(|cell| cell.done.load(Ordering::Acquire) >= since.as_nanos())
            .find_map(|cell| self.read(cell))
    }

    /// Hands the leader's answer to those who listen, if there are any and it is not too large,
    /// and wakes them. An empty answer tells them to go on by themselves.
    pub fn land(&self, bytes: impl FnOnce() -> Vec<u8>, release: impl FnOnce(), now: Monotonic) {
        let is_listened_to = self
            .bell()
            .is_some_and(|bell| bell.listened_until.load(Ordering::Acquire) > now.as_nanos());
        if !is_listened_to {
            release();
            return;
        }
        let bytes = bytes();
        if bytes.len() <= RESULT_MAX_BYTES {
            self.write(&bytes, now);
        }
        release();
        if let Some(bell) = self.bell() {
            write::ring(&bell.rings);
            let _ = futex::wake(&bell.rings, futex::Flags::empty(), i32::MAX.unsigned_abs());
        }
    }

    fn write(&self, bytes: &[u8], now: Monotonic) {
        let layout = self.segment.layout();
        let turn = write::add(&layout.header.next_result, 1);
        let place = usize::try_from(turn % RESULTS as u64).unwrap_or(0);
        let Some(cell) = layout.results.get(place) else {
            return;
        };
        let generation = write::add(&cell.generation, 1).wrapping_add(1);
        write::store(&cell.key, self.tag());
        write::store(&cell.length, bytes.len() as u64);
        let words = cell.bytes.iter().take(bytes.len().div_ceil(8));
        for (n, word) in words.enumerate() {
            write::store(word, word_at(bytes, n));
        }
        write::store(
            &cell.checksum,
            self.checksum(generation, now.as_nanos(), bytes),
        );
        write::store(&cell.done, now.as_nanos());
    }

    fn read(&self, cell: &ResultCell) -> Option<Vec<u8>> {
        let generation = cell.generation.load(Ordering::Acquire);
        let done = cell.done.load(Ordering::Acquire);
        let length = usize::try_from(cell.length.load(Ordering::Acquire)).ok()?;
        if length > RESULT_MAX_BYTES {
            return None;
        }
        let mut bytes: Vec<u8> = cell
            .bytes
            .iter()
            .take(length.div_ceil(8))
            .flat_map(|word| word.load(Ordering::Acquire).to_le_bytes())
            .collect();
        bytes.truncate(length);
        let checksum = cell.checksum.load(Ordering::Acquire);
        (checksum == self.checksum(generation, done, &bytes)).then_some(bytes)
    }

    fn checksum(&self, generation: u64, done: u64, bytes: &[u8]) -> u64 {
        let mut hash = Context::new(&SHA256);
        hash.update(&self.key);
        hash.update(&generation.to_le_bytes());
        hash.update(&done.to_le_bytes());
        hash.update(bytes);
        word_at(hash.finish().as_ref(), 0)
    }

    fn bell(&self) -> Option<&Bell> {
        let place = usize::try_from(word_at(&self.key, 2) % BELLS as u64).unwrap_or(0);
        self.segment.layout().bells.get(place)
    }

    fn tag(&self) -> u64 {
        word_at(&self.key, 3) | 1
    }
}

#[cfg(test)]
mod tests;
