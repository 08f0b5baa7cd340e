//! How a writer waits for another process's transaction.
//!
//! SQLite's own handler sleeps 1 ms, then 2, 5, 10 and more, while a transaction of ours takes a
//! fraction of one: with a few writers the lock is then free most of the time, and nobody takes
//! it. So the first looks come quickly, and only who has waited long looks seldom. The lock is
//! other processes' and knows nothing of a frozen clock, so these waits are real ones.

use std::time::Duration;

use crate::clock;

/// The first pause; the kernel makes about twice as much of it.
const FIRST: Duration = Duration::from_micros(50);
/// Pauses of the first length: those of a writer that comes right after another.
const QUICK_PAUSES: i32 = 20;
/// The longest pause: a large transaction, such as a backfill's chunk, is not asked too often.
const LONGEST: Duration = Duration::from_millis(5);
/// Pauses in all: [`LONGEST`] of them come to about 5 s.
const PAUSES: i32 = 1080;

/// The busy handler of SQLite: waits, and says whether to look once more.
pub(super) fn wait(pauses_before: i32) -> bool {
    match pause(pauses_before) {
        Some(span) => {
            clock::wait_running(span);
            true
        }
        None => false,
    }
}

/// How long to wait after so many pauses; `None` when it is enough.
fn pause(pauses_before: i32) -> Option<Duration> {
    if pauses_before >= PAUSES {
        return None;
    }
    let further = u32::try_from(pauses_before - QUICK_PAUSES).unwrap_or(0);
    Some(LONGEST.min(FIRST.saturating_mul(1 + further)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_end_after_five_seconds() {
        let pauses: Vec<Duration> = (0..).map_while(pause).collect();
        assert_eq!(pauses.first(), Some(&FIRST));
        assert_eq!(pauses.last(), Some(&LONGEST));
        assert!(pauses.is_sorted());
        let sum: Duration = pauses.iter().sum();
        let near = Duration::from_secs(5)..Duration::from_millis(5_200);
        assert!(near.contains(&sum), "{sum:?}");
        assert_eq!(pause(i32::MAX), None);
    }
}
