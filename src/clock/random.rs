//! Randomness: jitter, identifiers, nonces.

use std::{
    cell::Cell,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

/// Counts the draws that the operating system refused, so that no two are alike.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        fill_unique(&mut bytes);
    }
    bytes
}

thread_local! {
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
    fn draws_differ() {
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
    }
}
