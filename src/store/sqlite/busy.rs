//! How a writer waits for another process's transaction.
//!
//! SQLite's own handler sleeps 1 ms, then 2, 5, 10 and more, while a transaction of ours takes a
//! fraction of one: with a few writers the lock is then free most of the time, and nobody takes
//! it. So the first looks only let others run in between, as going to sleep and being woken costs
//! as much as the transaction that is waited for; the next ones come quickly, and only who has
//! waited long looks seldom. The lock is other processes' and knows nothing of a frozen clock, so
//! these waits are real ones.

use std::time::Duration;

use crate::clock;

/// Looks before the first pause: about as long as a short transaction takes.
const LOOKS: u32 = 30;
/// The first pause; the kernel makes about twice as much of it.
const FIRST: Duration = Duration::from_micros(50);
/// Pauses of the first length: those of a writer that comes right after another.
const QUICK_PAUSES: u32 = 20;
/// The longest pause: a large transaction, such as a backfill's chunk, is not asked too often.
const LONGEST: Duration = Duration::from_millis(5);
/// Pauses in all: they come to about 5 s.
const PAUSES: u32 = 1080;

/// What a writer does before it looks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    LetOthersRun,
    Pause(Duration),
    GiveUp,
}

/// The busy handler of SQLite: waits, and says whether to look once more.
pub(super) fn wait(looks_before: i32) -> bool {
    match step(u32::try_from(looks_before).unwrap_or(u32::MAX)) {
        Step::LetOthersRun => std::thread::yield_now(),
        Step::Pause(span) => clock::wait_running(span),
        Step::GiveUp => return false,
    }
    true
}

/// What to do after so many looks.
fn step(looks_before: u32) -> Step {
    let Some(pauses_before) = looks_before.checked_sub(LOOKS) else {
        return Step::LetOthersRun;
    };
    if pauses_before >= PAUSES {
        return Step::GiveUp;
    }
    let further = pauses_before.saturating_sub(QUICK_PAUSES);
    Step::Pause(LONGEST.min(FIRST.saturating_mul(1 + further)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_end_after_five_seconds() {
        assert_eq!(step(0), Step::LetOthersRun);
        let pauses: Vec<Duration> = (LOOKS..)
            .map_while(|looks| match step(looks) {
                Step::Pause(span) => Some(span),
                Step::LetOthersRun | Step::GiveUp => None,
            })
            .collect();
        assert_eq!(pauses.first(), Some(&FIRST));
        assert_eq!(pauses.last(), Some(&LONGEST));
        assert!(pauses.is_sorted());
        let sum: Duration = pauses.iter().sum();
        let near = Duration::from_secs(5)..Duration::from_millis(5_200);
        assert!(near.contains(&sum), "{sum:?}");
        assert_eq!(step(u32::MAX), Step::GiveUp);
    }
}
