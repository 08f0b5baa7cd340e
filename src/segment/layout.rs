//! What the segment's bytes mean.
//!
//! ```text
//! Header                 magic, layout version, size, boot; counts of overflows
//! ConnectionSlot × 256   claim, identity, names | counters, times, switch | breaker | budget
//! lease words    × 512   64 sets of 8, one word a lease
//! TokenCell      × 32    claim, generation, length, expiry | 4 KiB sealed
//! ```
//!
//! Everything is an `AtomicU64`, and zero everywhere is a valid, empty segment, so that a fresh
//! mapping needs no initialising but its header. Nothing points: only places and lengths, all
//! checked when they are read, for another process (of the same user) may have written anything.
//! What a word holds is in `words.rs`. Any change here needs another [`VERSION`]: files of other
//! versions have other names, so that two releases run side by side.

use std::sync::atomic::AtomicU64;

use crate::telemetry::PLACES;

/// Grows with every change of meaning.
pub(super) const VERSION: u32 = 1;
/// `causeway` in ASCII.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"causeway");
/// Connections of all workers of the host.
pub(super) const CONNECTIONS: usize = 256;
/// Places of a set in which a lease may stand.
pub(super) const LEASES_PER_SET: usize = 8;
/// Sets of leases.
pub(super) const LEASE_SETS: usize = 64;
/// Tokens kept at once.
pub(super) const TOKENS: usize = 32;
/// Words of a sealed token.
pub(super) const TOKEN_WORDS: usize = 512;
/// Bytes of a sealed token.
pub(super) const TOKEN_BYTES: usize = TOKEN_WORDS * 8;
/// Words that hold a connection's names.
pub(super) const NAME_WORDS: usize = 24;
/// Buckets of a breaker's window; a window of up to 100 s is exact to the second.
pub(super) const BUCKETS: usize = 100;
/// Places for probes.
pub(super) const PROBES: usize = 16;

/// Words set to zero.
pub(super) const fn zeroes<const N: usize>() -> [AtomicU64; N] {
    [const { AtomicU64::new(0) }; N]
}

/// The whole segment.
#[repr(C)]
pub(super) struct Layout {
    pub(super) header: Header,
    pub(super) connections: [ConnectionSlot; CONNECTIONS],
    pub(super) leases: [AtomicU64; LEASE_SETS * LEASES_PER_SET],
    pub(super) tokens: [TokenCell; TOKENS],
}

/// What is checked before anything else is believed, and what did not fit.
#[repr(C, align(128))]
pub(super) struct Header {
    pub(super) magic: AtomicU64,
    pub(super) version: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Which boot the times count from; 0 where that is not known.
    pub(super) boot: AtomicU64,
    pub(super) overflowed_connections: AtomicU64,
    pub(super) overflowed_leases: AtomicU64,
    pub(super) overflowed_tokens: AtomicU64,
}

/// One connection's shared state. Slots are claimed and never given back.
#[repr(C, align(128))]
pub(super) struct ConnectionSlot {
    /// Free, being claimed, or ready; written last, read first.
    pub(super) claim: AtomicU64,
    /// The second half of the names' hash.
    pub(super) identity: AtomicU64,
    /// Lengths of the two names.
    pub(super) name_lengths: AtomicU64,
    /// The names' bytes, cut to what fits: for lists only, never compared.
    pub(super) names: [AtomicU64; NAME_WORDS],
    pub(super) counters: [AtomicU64; PLACES],
    /// Nanoseconds since boot, 0 for never.
    pub(super) last_success: AtomicU64,
    /// Nanoseconds since boot, 0 for no hold.
    pub(super) held_until: AtomicU64,
    /// 1 where the switch was last seen off.
    pub(super) paused: AtomicU64,
    pub(super) budget: AtomicU64,
    pub(super) breaker: BreakerWords,
}

/// The breaker of a connection.
#[repr(C)]
pub(super) struct BreakerWords {
    pub(super) phase: AtomicU64,
    /// The window that the buckets were counted for, nanoseconds.
    pub(super) window_ns: AtomicU64,
    pub(super) probes: [AtomicU64; PROBES],
    pub(super) buckets: [AtomicU64; BUCKETS],
}

/// A place for one sealed token.
#[repr(C, align(128))]
pub(super) struct TokenCell {
    /// The first half of the key, 0 for free.
    pub(super) claim: AtomicU64,
    /// Counts the writes and the clearings; part of what is sealed.
    pub(super) generation: AtomicU64,
    /// Sealed bytes.
    pub(super) length: AtomicU64,
    /// Milliseconds since boot; from then on another key may take the place.
    pub(super) expires_ms: AtomicU64,
    pub(super) sealed: [AtomicU64; TOKEN_WORDS],
}

impl Layout {
    pub(super) const fn new() -> Self {
        Self {
            header: Header {
                magic: AtomicU64::new(0),
                version: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
                boot: AtomicU64::new(0),
                overflowed_connections: AtomicU64::new(0),
                overflowed_leases: AtomicU64::new(0),
                overflowed_tokens: AtomicU64::new(0),
            },
            connections: [const { ConnectionSlot::new() }; CONNECTIONS],
            leases: zeroes(),
            tokens: [const { TokenCell::new() }; TOKENS],
        }
    }
}

impl ConnectionSlot {
    pub(super) const fn new() -> Self {
        Self {
            claim: AtomicU64::new(0),
            identity: AtomicU64::new(0),
            name_lengths: AtomicU64::new(0),
            names: zeroes(),
            counters: zeroes(),
            last_success: AtomicU64::new(0),
            held_until: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            budget: AtomicU64::new(0),
            breaker: BreakerWords {
                phase: AtomicU64::new(0),
                window_ns: AtomicU64::new(0),
                probes: zeroes(),
                buckets: zeroes(),
            },
        }
    }
}

impl TokenCell {
    pub(super) const fn new() -> Self {
        Self {
            claim: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            length: AtomicU64::new(0),
            expires_ms: AtomicU64::new(0),
            sealed: zeroes(),
        }
    }
}

// A changed size is a changed layout: count VERSION up together with these.
const _: () = assert!(size_of::<Header>() == 128);
const _: () = assert!(size_of::<ConnectionSlot>() == 1536);
const _: () = assert!(size_of::<TokenCell>() == 4224);
const _: () = assert!(size_of::<Layout>() == 128 + 256 * 1536 + 512 * 8 + 32 * 4224);
// Pages are at least this large, so a mapping is always aligned well enough.
const _: () = assert!(align_of::<Layout>() <= 4096);
