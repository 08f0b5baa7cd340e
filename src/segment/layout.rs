//! What the segment's bytes mean.
//!
//! ```text
//! Header                 magic, layout version, size, boot; counts of overflows; next result
//! ConnectionSlot × 256   claim, identity, names, last use | counters, times, switch, writes
//!                        | budget, streak | breaker | throttle | places | latencies
//! lease words    × 512   64 sets of 8, one word a lease
//! Bell           × 256   futex word, until when somebody listens
//! ResultCell     × 16    generation, key, length, done, checksum | 64 KiB
//! TokenCell      × 32    claim, generation, length, expiry | 16 KiB sealed
//! PostCell       × 32    futex word, whom for, until when, length, checksum | 16 KiB
//! ```
//!
//! Everything is an atomic word, and zero everywhere is a valid, empty segment, so that a fresh
//! mapping needs no initialising but its header. Nothing points: only places and lengths, all
//! checked when they are read, for another process (of the same user) may have written anything.
//! What a word holds is in `words.rs`. Any change here needs another [`VERSION`]: files of other
//! versions have other names, so that two releases run side by side.

use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::{
    policy::{concurrency, hedge, throttle},
    telemetry::PLACES,
};

/// Grows with every change of meaning.
pub(super) const VERSION: u32 = 3;
/// `causeway` in ASCII.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"causeway");
/// Connections of all workers of the host.
pub(super) const CONNECTIONS: usize = 256;
/// Places of a set in which a lease may stand.
pub(super) const LEASES_PER_SET: usize = 8;
/// Sets of leases.
pub(super) const LEASE_SETS: usize = 64;
/// Bells on which waiting workers listen.
pub(super) const BELLS: usize = 256;
/// Results kept at once for those who wait for them.
pub(super) const RESULTS: usize = 16;
/// Words of a result.
pub(super) const RESULT_WORDS: usize = 8192;
/// Bytes of a result.
pub(super) const RESULT_BYTES: usize = RESULT_WORDS * 8;
/// Tokens kept at once.
pub(super) const TOKENS: usize = 32;
/// Words of a sealed token.
pub(super) const TOKEN_WORDS: usize = 2048;
/// Bytes of a sealed token.
pub(super) const TOKEN_BYTES: usize = TOKEN_WORDS * 8;
/// Posts at once, of all groups.
pub(super) const POSTS: usize = 32;
/// Words of a post.
pub(super) const POST_WORDS: usize = 2048;
/// Bytes of a post.
pub(super) const POST_BYTES: usize = POST_WORDS * 8;
/// Words that hold a connection's names.
pub(super) const NAME_WORDS: usize = 24;
/// Buckets of a breaker's window of time; a window of up to 100 s is exact to the second.
pub(super) const BUCKETS: usize = 100;
/// Words of a breaker's window of calls, one bit a call.
pub(super) const CALL_WORDS: usize = 16;
/// Places for probes.
pub(super) const PROBES: usize = 16;
/// Places for attempts under way at once.
pub(super) const PLACES_AT_ONCE: usize = *concurrency::MAX.end() as usize;

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
    pub(super) bells: [Bell; BELLS],
    pub(super) results: [ResultCell; RESULTS],
    pub(super) tokens: [TokenCell; TOKENS],
    pub(super) posts: [PostCell; POSTS],
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
    /// Counts the results that were written; the next one's place.
    pub(super) next_result: AtomicU64,
}

/// One connection's shared state. A slot that nobody used for long may be taken by another.
#[repr(C, align(128))]
pub(super) struct ConnectionSlot {
    /// Free, being claimed, or ready; written last, read first.
    pub(super) claim: AtomicU64,
    /// The second half of the names' hash.
    pub(super) identity: AtomicU64,
    /// Nanoseconds since boot, to the minute.
    pub(super) last_used: AtomicU64,
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
    /// Begun and ended calls with an unsafe method.
    pub(super) writes: AtomicU64,
    pub(super) budget: AtomicU64,
    pub(super) streak: AtomicU64,
    pub(super) throttle: ThrottleWords,
    /// Attempts under way, one lease each.
    pub(super) places: [AtomicU64; PLACES_AT_ONCE],
    /// A histogram of how long attempts took.
    pub(super) latencies: [AtomicU64; hedge::BUCKETS],
    pub(super) breaker: BreakerWords,
}

/// The throttle of a connection and its routes; all but `announced` nanoseconds since boot.
#[repr(C)]
pub(super) struct ThrottleWords {
    /// When the connection's bucket is empty.
    pub(super) next: AtomicU64,
    /// The same for each route.
    pub(super) routes: [AtomicU64; throttle::ROUTES_MAX],
    /// What the vendor announced.
    pub(super) announced: AtomicU64,
    /// When the next attempt fits what it announced.
    pub(super) announced_next: AtomicU64,
}

/// The breaker of a connection.
#[repr(C)]
pub(super) struct BreakerWords {
    pub(super) phase: AtomicU64,
    /// The window that the outcomes were counted for: nanoseconds, or calls with the upper bit set.
    pub(super) window: AtomicU64,
    pub(super) probes: [AtomicU64; PROBES],
    pub(super) buckets: [AtomicU64; BUCKETS],
    /// Slow calls by the same buckets.
    pub(super) slow_buckets: [AtomicU64; BUCKETS],
    /// Calls that were counted; the place of the next one among the bits.
    pub(super) calls: AtomicU64,
    pub(super) failed_bits: [AtomicU64; CALL_WORDS],
    pub(super) slow_bits: [AtomicU64; CALL_WORDS],
}

/// Where workers wait for a result.
#[repr(C)]
pub(super) struct Bell {
    /// Counts the rings: what a futex waits on.
    pub(super) rings: AtomicU32,
    pub(super) unused: AtomicU32,
    /// Nanoseconds since boot until which somebody listens.
    pub(super) listened_until: AtomicU64,
}

/// A place for one result.
#[repr(C, align(128))]
pub(super) struct ResultCell {
    /// Counts the writes; part of the checksum.
    pub(super) generation: AtomicU64,
    /// A part of the key; the rest is in the checksum.
    pub(super) key: AtomicU64,
    /// Bytes.
    pub(super) length: AtomicU64,
    /// When it was done, nanoseconds since boot.
    pub(super) done: AtomicU64,
    pub(super) checksum: AtomicU64,
    pub(super) bytes: [AtomicU64; RESULT_WORDS],
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

/// A place for what one process asks another to do.
#[repr(C, align(128))]
pub(super) struct PostCell {
    /// Which owner's it is, and where it stands: what a futex waits on.
    pub(super) state: AtomicU32,
    pub(super) unused: AtomicU32,
    /// A part of the group's key.
    pub(super) about: AtomicU64,
    /// Nanoseconds since boot; from then on anybody may take the place.
    pub(super) until: AtomicU64,
    /// Bytes.
    pub(super) length: AtomicU64,
    pub(super) checksum: AtomicU64,
    pub(super) bytes: [AtomicU64; POST_WORDS],
}

impl ConnectionSlot {
    pub(super) const fn new() -> Self {
        Self {
            claim: AtomicU64::new(0),
            identity: AtomicU64::new(0),
            last_used: AtomicU64::new(0),
            name_lengths: AtomicU64::new(0),
            names: zeroes(),
            counters: zeroes(),
            last_success: AtomicU64::new(0),
            held_until: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            budget: AtomicU64::new(0),
            streak: AtomicU64::new(0),
            throttle: ThrottleWords {
                next: AtomicU64::new(0),
                routes: zeroes(),
                announced: AtomicU64::new(0),
                announced_next: AtomicU64::new(0),
            },
            places: zeroes(),
            latencies: zeroes(),
            breaker: BreakerWords {
                phase: AtomicU64::new(0),
                window: AtomicU64::new(0),
                probes: zeroes(),
                buckets: zeroes(),
                slow_buckets: zeroes(),
                calls: AtomicU64::new(0),
                failed_bits: zeroes(),
                slow_bits: zeroes(),
            },
        }
    }

    /// All that another connection must not find, but for the claim, the names and the identity.
    pub(super) fn state(&self) -> impl Iterator<Item = &AtomicU64> {
        let alone = [
            &self.last_success,
            &self.held_until,
            &self.paused,
            &self.writes,
            &self.budget,
            &self.streak,
            &self.throttle.next,
            &self.throttle.announced,
            &self.throttle.announced_next,
            &self.breaker.phase,
            &self.breaker.window,
            &self.breaker.calls,
        ];
        alone
            .into_iter()
            .chain(&self.counters)
            .chain(&self.throttle.routes)
            .chain(&self.places)
            .chain(&self.latencies)
            .chain(&self.breaker.probes)
            .chain(&self.breaker.buckets)
            .chain(&self.breaker.slow_buckets)
            .chain(&self.breaker.failed_bits)
            .chain(&self.breaker.slow_bits)
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
const _: () = assert!(size_of::<ConnectionSlot>() == 3712);
const _: () = assert!(size_of::<Bell>() == 16);
const _: () = assert!(size_of::<ResultCell>() == 65_664);
const _: () = assert!(size_of::<TokenCell>() == 16_512);
const _: () = assert!(size_of::<PostCell>() == 16_512);
const _: () = assert!(
    size_of::<Layout>()
        == 128 + 256 * 3712 + 512 * 8 + 256 * 16 + 16 * 65_664 + 32 * 16_512 + 32 * 16_512
);
// Pages are at least this large, so a mapping is always aligned well enough.
const _: () = assert!(align_of::<Layout>() <= 4096);
