//! Tokens that all workers of the host share.
//!
//! 32 places, each for one key (a hash of endpoint, client and scopes). A write takes the next
//! generation first and seals the bytes together with it; readers look at the generation before
//! and after. So no lock is needed: bytes that are torn, mixed by two writers, or left half done
//! by a killed one do not open, and count as no token until the next write. Clearing is the next
//! generation alone.
//!
//! Who has no token takes the [lease](super::lease) of the same key, asks the vendor, writes, and
//! releases; the others look again in short, bounded waits. Losing a place costs one request for
//! a token. Full, a place whose token has expired is taken; where there is none, it is counted
//! and the token stays in this process.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Shared,
    layout::{TOKEN_BYTES, TokenCell},
    seal::SealKey,
    table::word_at,
    write,
};
use crate::clock::Monotonic;

/// Looks at a place that is being written.
const READS_MAX: usize = 3;
/// Attempts at claiming a place.
const CLAIMS_MAX: usize = 4;

/// How long a claimed place waits for its token.
const CLAIM_LEASE: Duration = Duration::from_secs(1);

/// A token as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent to the vendor.
    pub secret: Vec<u8>,
    /// From here on it is not used.
    pub expires: Monotonic,
    /// From here on somebody should ask for the next one.
    pub refresh_after: Monotonic,
    /// Which write it came from; handed to [`TokenSlot::clear`] when the vendor refused it.
    pub generation: u64,
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token(…, generation {})", self.generation)
    }
}

/// A handle on one key's token.
#[derive(Clone)]
pub struct TokenSlot {
    segment: Arc<Shared>,
    key: [u8; 32],
}

impl fmt::Debug for TokenSlot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenSlot({:016x})", self.claim())
    }
}

impl TokenSlot {
    pub(super) fn new(segment: Arc<Shared>, key: [u8; 32]) -> Self {
        Self { segment, key }
    }

    /// The token, unless there is none, it has expired, or it was sealed under another secret.
    pub fn read(&self, seal: &SealKey, now: Monotonic) -> Option<Token> {
        if let Some(cell) = self.shared_cell() {
            return self.read_cell(cell, seal, now);
        }
        let own = self.segment.own_token(&self.key, false)?;
        self.read_cell(&own, seal, now)
    }

    /// Puts a token in place of the one there is; others see it from now on. Its generation;
    /// `None` where it is too long to be kept (16 KiB sealed).
    pub fn write(
        &self,
        seal: &SealKey,
        secret: &[u8],
        expires: Monotonic,
        refresh_after: Monotonic,
        now: Monotonic,
    ) -> Option<u64> {
        if let Some(cell) = self.shared_cell().or_else(|| self.claim_cell(now)) {
            return self.write_cell(cell, seal, secret, expires, refresh_after);
        }
        write::count(&self.segment.layout().header.overflowed_tokens, 1);
        let own = self.segment.own_token(&self.key, true)?;
        self.write_cell(&own, seal, secret, expires, refresh_after)
    }

    /// Forgets the token of that generation; a newer one stays.
    pub fn clear(&self, generation: u64) {
        let clear = |cell: &TokenCell| {
            let next = generation.wrapping_add(1);
            // Fails where a newer one was written, which is as well.
            write::exchange(&cell.generation, generation, next);
        };
        if let Some(cell) = self.shared_cell() {
            clear(cell);
        } else if let Some(own) = self.segment.own_token(&self.key, false) {
            clear(&own);
        }
    }

    fn read_cell(&self, cell: &TokenCell, seal: &SealKey, now: Monotonic) -> Option<Token> {
        for _ in 0..READS_MAX {
            let generation = cell.generation.load(Ordering::Acquire);
            let length = usize::try_from(cell.length.load(Ordering::Acquire)).ok()?;
            if length == 0 || length > TOKEN_BYTES {
                return None;
            }
            let mut bytes: Vec<u8> = cell
                .sealed
                .iter()
                .take(length.div_ceil(8))
                .flat_map(|word| word.load(Ordering::Acquire).to_le_bytes())
                .collect();
            bytes.truncate(length);
            if let Some((expires, refresh_after, secret)) =
                seal.unseal(&self.place(generation), &bytes)
            {
                return (now < expires).then_some(Token {
                    secret,
                    expires,
                    refresh_after,
                    generation,
                });
            }
            if cell.generation.load(Ordering::Acquire) == generation {
                return None;
            }
        }
        None
    }

    fn write_cell(
        &self,
        cell: &TokenCell,
        seal: &SealKey,
        secret: &[u8],
        expires: Monotonic,
        refresh_after: Monotonic,
    ) -> Option<u64> {
        let generation = write::add(&cell.generation, 1).wrapping_add(1);
        let sealed = seal.seal(&self.place(generation), expires, refresh_after, secret)?;
        for (n, word) in cell
            .sealed
            .iter()
            .take(sealed.len().div_ceil(8))
            .enumerate()
        {
            write::store(word, word_at(&sealed, n));
        }
        write::store(&cell.expires_ms, expires.as_millis());
        write::store(&cell.length, sealed.len() as u64);
        Some(generation)
    }

    fn shared_cell(&self) -> Option<&TokenCell> {
        let claim = self.claim();
        self.segment
            .layout()
            .tokens
            .iter()
            .find(|cell| cell.claim.load(Ordering::Acquire) == claim)
    }

    /// Claims a free place, or the one whose token has been expired for longest.
    fn claim_cell(&self, now: Monotonic) -> Option<&TokenCell> {
        let tokens = &self.segment.layout().tokens;
        for _ in 0..CLAIMS_MAX {
            let (cell, seen) = tokens
                .iter()
                .map(|cell| (cell, cell.claim.load(Ordering::Acquire)))
                .filter(|(cell, seen)| {
                    *seen == 0 || cell.expires_ms.load(Ordering::Acquire) <= now.as_millis()
                })
                .min_by_key(|(cell, seen)| (*seen != 0, cell.expires_ms.load(Ordering::Relaxed)))?;
            if write::exchange(&cell.claim, seen, self.claim()) {
                // Until the token is there nobody else takes the place for an expired one.
                let until = now.saturating_add(CLAIM_LEASE).as_millis();
                write::store(&cell.expires_ms, until);
                return Some(cell);
            }
        }
        None
    }

    /// What marks this key's place; the rest of the key is authenticated with the bytes.
    fn claim(&self) -> u64 {
        word_at(&self.key, 0) | 1
    }

    fn place(&self, generation: u64) -> Vec<u8> {
        [self.key.as_slice(), &generation.to_le_bytes()].concat()
    }
}

#[cfg(test)]
mod tests;
