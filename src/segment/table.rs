//! Which slot is a connection's.
//!
//! An open-addressed table of 256 slots, searched from a hash of (namespace, name). A slot's life
//! is its claim word: free, being claimed (by whom, until when), ready (62 bits of the hash; 64
//! more stand in `identity`). It never becomes free again, so a search may end at the first free
//! slot; in a full table, the slot that nobody used for longest is claimed for another connection
//! where that is a quarter of an hour ago at least. Handles look at the claim before each use and
//! find their connection's slot anew ([`Connection`](super::Connection)).
//!
//! The claimer empties what was used before, writes identity and names, then publishes `ready`
//! with Release; readers look at the claim with Acquire first. Killed in between, it leaves a
//! claim that anybody may take over once its process is gone or 5 s have passed. A claimer that
//! was merely stopped for that long may then spoil the names it was about to write; the connection
//! finds another slot, and what its first one counted is lost.

use std::{sync::atomic::Ordering, time::Duration};

use sha2::{Digest, Sha256};

use super::{
    layout::{CONNECTIONS, ConnectionSlot, NAME_WORDS},
    owner,
    words::{Claim, Holder},
    write,
};
use crate::clock::Monotonic;

/// Far longer than the few stores that it covers.
const CLAIM_LEASE: Duration = Duration::from_secs(5);
/// Looks at the table before a slot that somebody is busy claiming is waited for no longer.
const TURNS_MAX: usize = 64;
/// A slot that was not used for so long may be another's.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// The last use is noted no more often than this.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Bytes of the names that are kept for lists.
const NAMESPACE_BYTES: usize = 64;
const NAME_BYTES: usize = NAME_WORDS * 8 - NAMESPACE_BYTES;

/// 126 bits of a hash of both names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    claim: u64,
    rest: u64,
}

impl Identity {
    pub(super) fn of(namespace: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update((namespace.len() as u64).to_le_bytes())
            .chain_update(namespace)
            .chain_update(name)
            .finalize();
        Self {
            claim: word_at(&digest, 0) >> 2,
            rest: word_at(&digest, 1),
        }
    }

    /// Whether a slot is this connection's, as far as one look can tell.
    pub(super) fn is_of(self, slot: &ConnectionSlot) -> bool {
        slot.claim.load(Ordering::Acquire) == Claim::Ready(self.claim).pack()
    }
}

/// Notes that a slot is in use, so that no other connection takes it.
pub(super) fn note_use(slot: &ConnectionSlot, now: Monotonic) {
    let noted = Monotonic::from_nanos(slot.last_used.load(Ordering::Relaxed));
    if now.since(noted) >= NOTE_EVERY {
        write::raise(&slot.last_used, now.as_nanos());
    }
}

/// The n-th eight bytes, short ones filled up with zeroes.
pub(super) fn word_at(bytes: &[u8], n: usize) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes.iter().skip(n * 8)) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// The place of a connection's slot, claimed where it has none; `None` where the table is full.
pub(super) fn place(
    slots: &[ConnectionSlot],
    identity: Identity,
    (namespace, name): (&str, &str),
    now: Monotonic,
) -> Option<usize> {
    for _ in 0..TURNS_MAX {
        match search(slots, identity, now) {
            Found::Ready(place) => return Some(place),
            Found::Claimable(place, seen) => {
                let slot = slots.get(place)?;
                let mine = Claim::Claiming(Holder::new(owner::me(), CLAIM_LEASE, now)).pack();
                if write::exchange(&slot.claim, seen, mine) {
                    if Claim::unpack(seen) != Claim::Free {
                        empty(slot);
                    }
                    write::store(&slot.last_used, now.as_nanos());
                    write_names(slot, identity, namespace, name);
                    if write::exchange(&slot.claim, mine, Claim::Ready(identity.claim).pack()) {
                        return Some(place);
                    }
                }
            }
            Found::Busy => std::thread::yield_now(),
            Found::Full => return None,
        }
    }
    None
}

enum Found {
    Ready(usize),
    /// The place and the word that stands there.
    Claimable(usize, u64),
    /// Somebody claims a slot on the way, perhaps for the same connection.
    Busy,
    Full,
}

fn search(slots: &[ConnectionSlot], identity: Identity, now: Monotonic) -> Found {
    let start = usize::try_from(identity.claim % CONNECTIONS as u64).unwrap_or(0);
    let (mut claimable, mut is_busy) = (None, false);
    let mut idlest: Option<(Monotonic, usize, u64)> = None;
    for step in 0..slots.len() {
        let place = (start + step) % slots.len();
        let Some(slot) = slots.get(place) else { break };
        let seen = slot.claim.load(Ordering::Acquire);
        match Claim::unpack(seen) {
            Claim::Ready(hash) => {
                if hash == identity.claim && slot.identity.load(Ordering::Relaxed) == identity.rest
                {
                    return Found::Ready(place);
                }
                let used = Monotonic::from_nanos(slot.last_used.load(Ordering::Relaxed));
                if now.since(used) >= IDLE && idlest.is_none_or(|(least, ..)| used < least) {
                    idlest = Some((used, place, seen));
                }
            }
            Claim::Claiming(holder) => {
                if holder.remaining(now).is_some() && owner::is_alive(holder.pid) {
                    is_busy = true;
                } else {
                    claimable = claimable.or(Some((place, seen)));
                }
            }
            Claim::Free => {
                claimable = claimable.or(Some((place, seen)));
                break;
            }
        }
    }
    match claimable {
        _ if is_busy => Found::Busy,
        Some((place, seen)) => Found::Claimable(place, seen),
        None => idlest.map_or(Found::Full, |(_, place, seen)| {
            Found::Claimable(place, seen)
        }),
    }
}

/// Takes away what a connection left behind.
fn empty(slot: &ConnectionSlot) {
    for word in slot.state() {
        if word.load(Ordering::Relaxed) != 0 {
            write::store(word, 0);
        }
    }
}

fn write_names(slot: &ConnectionSlot, identity: Identity, namespace: &str, name: &str) {
    let namespace = cut(namespace, NAMESPACE_BYTES);
    let name = cut(name, NAME_BYTES);
    let bytes = [namespace.as_bytes(), name.as_bytes()].concat();
    for (n, word) in slot.names.iter().enumerate() {
        write::store(word, word_at(&bytes, n));
    }
    let lengths = (namespace.len() as u64) << 32 | name.len() as u64;
    write::store(&slot.name_lengths, lengths);
    write::store(&slot.identity, identity.rest);
}

/// The two names of a ready slot, as far as they fit; `None` where it is not ready.
pub(super) fn names(slot: &ConnectionSlot) -> Option<(String, String)> {
    if !matches!(
        Claim::unpack(slot.claim.load(Ordering::Acquire)),
        Claim::Ready(_)
    ) {
        return None;
    }
    let bytes: Vec<u8> = slot
        .names
        .iter()
        .flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes())
        .collect();
    let lengths = slot.name_lengths.load(Ordering::Relaxed);
    let (first, second) = bytes.split_at_checked(usize::try_from(lengths >> 32).ok()?)?;
    let second = second.get(..usize::try_from(lengths & u64::from(u32::MAX)).ok()?)?;
    Some((
        String::from_utf8_lossy(first).into_owned(),
        String::from_utf8_lossy(second).into_owned(),
    ))
}

fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests;
