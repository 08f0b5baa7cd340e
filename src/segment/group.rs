//! What several processes ask for, done by one of them: group commit across processes.
//!
//! Whoever leads a group (by a lock of the caller's, outside of here) takes what the others have
//! posted, does it together with its own, and answers each. The others sleep on the word of their
//! post meanwhile. What is asked for is the caller's: here it is bytes, and the answer yes or no.
//!
//! A post is one word (generation and phase), whom it is for, until when, and bytes with a
//! checksum over all of them: what is torn, or mixed by two writers, is given back unread. Killed
//! anywhere, a process leaves posts that end by their lease, and a killed leader's posts are given
//! back by the next one. Who is given its post back does the work by itself, so the work must be
//! such that doing it again does no harm.
//!
//! Bytes are wiped by their owner when it is done with them; those of a killed one stay until the
//! place is used again.
//!
//! A leader that ends calls one of those who posted too late for it, as nobody else would wake
//! them; where that one is gone, the others look around by themselves.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ring::digest::{Context, SHA256};
use rustix::thread::futex;

use super::{
    Shared,
    layout::{POST_BYTES, PostCell},
    owner,
    table::word_at,
    write,
};
use crate::clock::{self, Monotonic};

/// The most that is posted.
pub const POST_MAX_BYTES: usize = POST_BYTES;
/// A post whose owner does not come back belongs to nobody after this time.
const LEASE: Duration = Duration::from_secs(10);
/// Bits of a state that say the phase; those above count the owners of the place.
const PHASE_BITS: u32 = 3;

/// Where a post stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Phase {
    Free = 0,
    /// Its owner writes or wipes it.
    Filling = 1,
    Posted = 2,
    /// Posted, and its owner is asked to lead.
    Called = 3,
    /// A leader works on it.
    Taken = 4,
    Yes = 5,
    No = 6,
    /// Nobody did it, or nobody knows.
    GivenBack = 7,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, with this answer.
    Answered(bool),
    /// Not done, or only perhaps: the owner must do it by itself.
    GivenBack,
}

/// Those who work on the same thing.
#[derive(Clone)]
pub struct Group {
    segment: Arc<Shared>,
    about: u64,
}

impl Group {
    pub(super) fn new(segment: Arc<Shared>, key: &[u8; 32]) -> Self {
        let about = word_at(key, 0);
        Self { segment, about }
    }

    /// Asks a leader for something; `None` where it is too long or there is no place: then the
    /// caller does it by itself.
    pub fn post(&self, bytes: &[u8]) -> Option<Post> {
        if bytes.len() > POST_MAX_BYTES {
            return None;
        }
        let now = clock::running();
        let (place, filling) = self.take_place(now)?;
        let cell = self.segment.layout().posts.get(place)?;
        write::store(&cell.until, now.saturating_add(LEASE).as_nanos());
        write::store(&cell.about, self.about);
        write::store(&cell.length, bytes.len() as u64);
        for (n, word) in cell.bytes.iter().take(bytes.len().div_ceil(8)).enumerate() {
            write::store(word, word_at(bytes, n));
        }
        write::store(&cell.checksum, checksum(self.about, filling, bytes));
        let posted = state(filling, Phase::Posted);
        write::turn(&cell.state, filling, posted).then(|| Post {
            segment: Arc::clone(&self.segment),
            place,
            state: posted,
            is_called: false,
        })
    }

    /// What is posted, for a leader that does it now. Posts that a leader before has left
    /// unanswered are given back: it is gone, as the caller leads.
    pub fn take(&self) -> Vec<Taken> {
        let mut all = Vec::new();
        for (place, cell) in self.segment.layout().posts.iter().enumerate() {
            let seen = cell.state.load(Ordering::SeqCst);
            match phase(seen) {
                Phase::Posted | Phase::Called => {}
                Phase::Taken if self.is_about(cell) => {
                    settle(cell, seen, Phase::GivenBack);
                    continue;
                }
                Phase::Free
                | Phase::Filling
                | Phase::Taken
                | Phase::Yes
                | Phase::No
                | Phase::GivenBack => continue,
            }
            let taken = state(seen, Phase::Taken);
            if self.is_about(cell) && write::turn(&cell.state, seen, taken) {
                all.push(Taken {
                    bytes: self.read(cell, taken),
                    segment: Arc::clone(&self.segment),
                    place,
                    state: taken,
                });
            }
        }
        all
    }

    /// Asks one of those who are posted to lead; to be called once the lock is given back.
    pub fn call(&self) {
        for cell in &self.segment.layout().posts {
            let seen = cell.state.load(Ordering::SeqCst);
            // Whoever is called already will come.
            if phase(seen) == Phase::Posted
                && self.is_about(cell)
                && write::turn(&cell.state, seen, state(seen, Phase::Called))
            {
                wake(cell);
                return;
            }
        }
    }

    /// How many wait to be taken.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        let posts = self.segment.layout().posts.iter();
        posts
            .filter(|cell| self.is_about(cell))
            .map(|cell| phase(cell.state.load(Ordering::SeqCst)))
            .filter(|phase| matches!(phase, Phase::Posted | Phase::Called))
            .count()
    }

    /// A place that is free, or whose owner's time is over; with its state, which is ours now.
    fn take_place(&self, now: Monotonic) -> Option<(usize, u32)> {
        let posts = &self.segment.layout().posts;
        // Each process begins somewhere else, so that they do not race for the same place.
        let start = usize::try_from(owner::me()).unwrap_or(0);
        (0..posts.len()).find_map(|step| {
            let place = start.wrapping_add(step) % posts.len();
            let cell = posts.get(place)?;
            let seen = cell.state.load(Ordering::SeqCst);
            let is_over = || cell.until.load(Ordering::Acquire) <= now.as_nanos();
            let filling = next_owner(seen);
            ((phase(seen) == Phase::Free || is_over()) && write::turn(&cell.state, seen, filling))
                .then_some((place, filling))
        })
    }

    fn is_about(&self, cell: &PostCell) -> bool {
        cell.about.load(Ordering::Acquire) == self.about
    }

    fn read(&self, cell: &PostCell, state: u32) -> Option<Vec<u8>> {
        let length = usize::try_from(cell.length.load(Ordering::Acquire)).ok()?;
        if length > POST_MAX_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(length.next_multiple_of(8));
        for word in cell.bytes.iter().take(length.div_ceil(8)) {
            bytes.extend_from_slice(&word.load(Ordering::Acquire).to_le_bytes());
        }
        bytes.truncate(length);
        let known = cell.checksum.load(Ordering::Acquire);
        (known == checksum(self.about, state, &bytes)).then_some(bytes)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Group({:016x})", self.about)
    }
}

/// Something that was asked for; given up when it is dropped.
pub struct Post {
    segment: Arc<Shared>,
    place: usize,
    /// As it was posted.
    state: u32,
    /// Whether its owner knows that it is to lead.
    is_called: bool,
}

impl Post {
    /// What became of it; `None` while it waits or is worked on.
    pub fn outcome(&self) -> Option<Outcome> {
        let Some(cell) = self.cell() else {
            return Some(Outcome::GivenBack);
        };
        let seen = cell.state.load(Ordering::SeqCst);
        if owner_of(seen) != owner_of(self.state) {
            // It took longer than its lease, and the place is another's.
            return Some(Outcome::GivenBack);
        }
        match phase(seen) {
            Phase::Filling | Phase::Posted | Phase::Called | Phase::Taken => None,
            Phase::Yes => Some(Outcome::Answered(true)),
            Phase::No => Some(Outcome::Answered(false)),
            Phase::Free | Phase::GivenBack => Some(Outcome::GivenBack),
        }
    }

    /// Blocks this thread until something changes, for `span` at most, and keeps the place.
    pub fn wait(&mut self, span: Duration) {
        let Some(cell) = self.segment.layout().posts.get(self.place) else {
            return;
        };
        let until = clock::running().saturating_add(LEASE);
        write::store(&cell.until, until.as_nanos());
        let seen = cell.state.load(Ordering::SeqCst);
        let is_called = phase(seen) == Phase::Called;
        let is_news = is_called && !self.is_called;
        self.is_called = is_called;
        if is_news || self.outcome().is_some() {
            return;
        }
        let timeout = rustix::time::Timespec {
            tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: span.subsec_nanos().into(),
        };
        // Whatever ends the wait (an answer, a call, time, a signal): the caller looks again.
        let _ = futex::wait(&cell.state, futex::Flags::empty(), seen, Some(&timeout));
    }

    /// Takes it back, where nobody has taken it yet.
    pub fn withdraw(&self) -> bool {
        self.turn(&[Phase::Posted, Phase::Called], Phase::GivenBack)
    }

    /// From one of these phases to another, where the place is still ours.
    fn turn(&self, from: &[Phase], to: Phase) -> bool {
        self.cell().is_some_and(|cell| {
            let to = state(self.state, to);
            from.iter()
                .any(|from| write::turn(&cell.state, state(self.state, *from), to))
        })
    }

    fn cell(&self) -> Option<&PostCell> {
        self.segment.layout().posts.get(self.place)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        // One that a leader still works on is left to its lease.
        self.withdraw();
        if self.turn(&[Phase::Yes, Phase::No, Phase::GivenBack], Phase::Filling)
            && let Some(cell) = self.cell()
        {
            let length = cell.length.load(Ordering::Acquire);
            let words = usize::try_from(length.div_ceil(8)).unwrap_or(usize::MAX);
            for word in cell.bytes.iter().take(words) {
                write::store(word, 0);
            }
            self.turn(&[Phase::Filling], Phase::Free);
        }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Post({}, {:?})", self.place, self.outcome())
    }
}

/// Another's post, in a leader's hands; given back when it is dropped unanswered.
pub struct Taken {
    segment: Arc<Shared>,
    place: usize,
    state: u32,
    bytes: Option<Vec<u8>>,
}

impl Taken {
    /// What is asked for; `None` where it cannot be read.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// Says that it is done.
    pub fn answer(self, answer: bool) {
        self.settle(if answer { Phase::Yes } else { Phase::No });
    }

    fn settle(&self, to: Phase) {
        if let Some(cell) = self.segment.layout().posts.get(self.place) {
            settle(cell, self.state, to);
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // After an answer the state is another one, and nothing happens.
        self.settle(Phase::GivenBack);
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Taken({})", self.place)
    }
}

fn settle(cell: &PostCell, taken: u32, to: Phase) {
    if write::turn(&cell.state, taken, state(taken, to)) {
        wake(cell);
    }
}

fn wake(cell: &PostCell) {
    let _ = futex::wake(&cell.state, futex::Flags::empty(), 1);
}

fn phase(state: u32) -> Phase {
    match state & ((1 << PHASE_BITS) - 1) {
        0 => Phase::Free,
        1 => Phase::Filling,
        2 => Phase::Posted,
        3 => Phase::Called,
        4 => Phase::Taken,
        5 => Phase::Yes,
        6 => Phase::No,
        _ => Phase::GivenBack,
    }
}

/// The same owner's state in another phase.
fn state(of: u32, phase: Phase) -> u32 {
    (owner_of(of) << PHASE_BITS) | phase as u32
}

fn owner_of(state: u32) -> u32 {
    state >> PHASE_BITS
}

/// The state of the next owner, which fills the place.
fn next_owner(seen: u32) -> u32 {
    (owner_of(seen).wrapping_add(1) << PHASE_BITS) | Phase::Filling as u32
}

fn checksum(about: u64, state: u32, bytes: &[u8]) -> u64 {
    let mut hash = Context::new(&SHA256);
    hash.update(&about.to_le_bytes());
    hash.update(&owner_of(state).to_le_bytes());
    hash.update(bytes);
    word_at(hash.finish().as_ref(), 0)
}

#[cfg(test)]
mod tests;
