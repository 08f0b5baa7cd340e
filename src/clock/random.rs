//! Randomness: jitter, identifiers, nonces.

use std::{
    cell::{Cell, RefCell},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

/// Counts the draws that the operating system refused, so that no two are alike.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Bytes that are drawn from the operating system at once: a call needs a few, and asking for each
/// costs as much as a tenth of a call.
const POOL_BYTES: usize = 512;

/// Counts forks: bytes that were drawn before one are the parent's as well.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// To be called in the child after a fork. Async-signal-safe: one atomic add.
pub fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Bytes that nobody has had yet.
struct Pool {
    forks: u64,
    used: usize,
    bytes: [u8; POOL_BYTES],
}

impl Pool {
    const EMPTY: Self = Self {
        forks: 0,
        used: POOL_BYTES,
        bytes: [0; POOL_BYTES],
    };

    /// Hands out the next bytes and forgets them.
    fn take(&mut self, to: &mut [u8]) {
        let forks = FORKS.load(Ordering::Relaxed);
        if self.forks != forks || POOL_BYTES.saturating_sub(self.used) < to.len() {
            draw(&mut self.bytes);
            self.forks = forks;
            self.used = 0;
        }
        let end = self.used.saturating_add(to.len());
        if let Some(from) = self.bytes.get_mut(self.used..end) {
            to.copy_from_slice(from);
            from.fill(0);
        }
        self.used = end;
    }
}

/// Random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    let mut bytes = [0; N];
    POOL.with_borrow_mut(|pool| pool.take(&mut bytes));
    bytes
}

fn draw(bytes: &mut [u8]) {
    if SystemRandom::new().fill(bytes).is_err() {
        fill_unique(bytes);
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::EMPTY) };
    static PINNED: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Pins what [`random_unit`] draws on this thread, so that a test knows each jitter; `None` lets it
/// be random again. Values outside of 0 to below 1 are moved to its ends.
pub fn pin_unit(draw: Option<f64>) {
    let below_one = 1.0 - f64::EPSILON;
    PINNED.set(draw.map(|draw| draw.max(0.0).min(below_one)));
}

/// A random number, at least 0 and below 1, of 53 bits.
pub fn random_unit() -> f64 {
    if let Some(draw) = PINNED.get() {
        return draw;
    }
    unit(u64::from_le_bytes(random_bytes()))
}

/// The upper 53 bits as a fraction: every result is exact in an `f64`, and 1 is never reached.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits fit the mantissa exactly"
)]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Unique, not secret: what is left when the operating system gives nothing.
fn fill_unique(bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(32) {
        let draw = REFUSED.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(process::id().to_le_bytes())
            .chain_update(super::real_monotonic().as_nanos().to_le_bytes())
            .chain_update(draw.to_le_bytes())
            .finalize();
        for (to, from) in chunk.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_interval_is_half_open() {
        assert_eq!(unit(0), 0.0);
        assert_eq!(unit(1 << 63), 0.5);
        assert!(unit(u64::MAX) < 1.0);
    }

    #[test]
    fn the_fallback_never_repeats_within_a_draw_or_between_draws() {
        let (mut first, mut second) = ([0_u8; 64], [0_u8; 64]);
        fill_unique(&mut first);
        fill_unique(&mut second);
        assert_ne!(first, second);
        assert_ne!(first[..32], first[32..]);
    }

    #[test]
    fn a_pinned_draw_stays_within_the_interval() {
        for (pinned, drawn) in [
            (0.5, 0.5),
            (-1.0, 0.0),
            (1.0, 1.0 - f64::EPSILON),
            (f64::NAN, 0.0),
        ] {
            pin_unit(Some(pinned));
            assert_eq!(random_unit(), drawn);
        }
        pin_unit(None);
        assert_ne!(random_unit(), random_unit());
    }

    #[test]
    fn no_byte_is_handed_out_twice_nor_kept() {
        let mut pool = Pool::EMPTY;
        let mut drawn = Vec::new();
        for _ in 0..POOL_BYTES / 8 * 3 {
            let mut bytes = [0; 8];
            pool.take(&mut bytes);
            drawn.push(bytes);
        }
        let count = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), count);
        assert!(pool.bytes[..pool.used].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_fork_leaves_the_drawn_bytes_to_the_parent() {
        let mut pool = Pool::EMPTY;
        pool.take(&mut [0; 8]);
        let (mut of_parent, mut of_child) = ([0; 8], [0; 8]);
        of_parent.copy_from_slice(&pool.bytes[8..16]);
        forked();
        pool.take(&mut of_child);
        assert_ne!(of_parent, of_child);
        assert_eq!(pool.used, 8);
    }

    #[test]
    fn draws_differ() {
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
    }
}
