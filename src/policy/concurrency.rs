//! How many attempts of all workers may be under way at once.
//!
//! A place is a lease: it ends with its attempt, when its process is gone, or when its time is
//! over, so that a killed worker takes no place with it. Whoever finds none waits, at most
//! [`Options::max_wait`], or fails at once. The places are the segment's; losing them lets a few
//! more attempts run side by side for the length of one.

use std::{ops::RangeInclusive, time::Duration};

/// What `max` may be; the segment has so many places for a connection.
pub const MAX: RangeInclusive<u32> = 1..=64;
/// The first look for a place after a vain one; later ones are twice as far apart each.
const LOOK_FIRST: Duration = Duration::from_millis(1);
/// Looks are no further apart than this.
const LOOK_LAST: Duration = Duration::from_millis(8);

/// How many at once, and what the next one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Attempts under way at once, over all workers of the host; within [`MAX`].
    pub max: u32,
    /// The longest wait for a place; zero fails at once.
    pub max_wait: Duration,
}

/// How long to wait before the next look for a place, after so many vain ones.
pub fn look_after(vain: u32) -> Duration {
    let factor = 1_u32.checked_shl(vain).unwrap_or(u32::MAX);
    LOOK_FIRST.saturating_mul(factor).min(LOOK_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_get_rarer_up_to_a_bound() {
        let waits: Vec<u128> = [0, 1, 2, 3, 4, 31, 32, u32::MAX]
            .map(|vain| look_after(vain).as_millis())
            .to_vec();
        assert_eq!(waits, [1, 2, 4, 8, 8, 8, 8, 8]);
    }
}
