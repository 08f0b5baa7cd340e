//! Runs the throttle's rule on the shared words.
//!
//! A turn is taken by moving one word on with a compare-and-swap; the caller then sleeps until its
//! turn comes. Killed before the swap a caller changed nothing, after it one turn goes unused.
//! What the vendor announced is two words, its interval and when the next attempt fits: killed in
//! between, attempts are spread from the earlier point, which the next answer puts right.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    layout::ThrottleWords,
    words::{pack_announced, unpack_announced},
    write,
};
use crate::{
    clock::Monotonic,
    policy::throttle::{Announced, Rate, Refused, take},
};

/// Lost races after which a caller is refused; each means that another one got its turn.
const TURNS_MAX: usize = 256;
/// What is said where only the next moment can tell.
const SOON: Duration = Duration::from_millis(1);

/// Takes the next turn of a queue; how long until it comes.
pub(super) fn take_turn(
    next: &AtomicU64,
    rate: Rate,
    now: Monotonic,
    max_wait: Duration,
) -> Result<Duration, Refused> {
    for _ in 0..TURNS_MAX {
        let seen = next.load(Ordering::Acquire);
        let turn = take(rate, Monotonic::from_nanos(seen), now, max_wait)?;
        if write::exchange(next, seen, turn.next.as_nanos()) {
            return Ok(turn.wait);
        }
    }
    Err(Refused { retry_after: SOON })
}

/// Takes the next turn of what the vendor announced; none to wait for where it announced nothing.
pub(super) fn take_announced(
    words: &ThrottleWords,
    now: Monotonic,
    max_wait: Duration,
) -> Result<Duration, Refused> {
    let word = words.announced.load(Ordering::Acquire);
    if word == 0 {
        return Ok(Duration::ZERO);
    }
    let announced = unpack_announced(word);
    let rate = Rate::every(announced.interval);
    match rate {
        Some(rate) if now < announced.until => {
            take_turn(&words.announced_next, rate, now, max_wait)
        }
        Some(_) | None => Ok(Duration::ZERO),
    }
}

/// Notes what the vendor announced last; `None` where there is plenty left.
pub(super) fn announce(words: &ThrottleWords, announced: Option<Announced>, now: Monotonic) {
    match announced {
        Some(announced) => {
            let next = now.saturating_add(announced.interval);
            // The point first: an interval without it would let one attempt through too early.
            write::store(&words.announced_next, next.as_nanos());
            write::store(&words.announced, pack_announced(announced));
        }
        None if words.announced.load(Ordering::Relaxed) != 0 => {
            write::store(&words.announced, 0);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::layout::ConnectionSlot;

    const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);

    fn later(ms: u64) -> Monotonic {
        NOW.saturating_add(Duration::from_millis(ms))
    }

    #[test]
    fn racing_workers_get_a_turn_each() {
        let next = AtomicU64::new(0);
        let rate = Rate::new(1000, Duration::from_secs(1), 1).unwrap();
        let mut waits: Vec<Duration> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..50)
                            .map(|_| take_turn(&next, rate, NOW, Duration::MAX).unwrap())
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            let waits = workers.into_iter().map(|worker| worker.join().unwrap());
            waits.flatten().collect()
        });
        waits.sort_unstable();
        let expected: Vec<_> = (0..200).map(Duration::from_millis).collect();
        assert_eq!(waits, expected);
    }

    #[test]
    fn an_announced_limit_spreads_attempts_until_it_is_over_or_there_is_plenty() {
        let slot = ConnectionSlot::new();
        let words = &slot.throttle;
        let turn = |now| take_announced(words, now, Duration::from_secs(5));
        assert_eq!(turn(NOW), Ok(Duration::ZERO));
        let announced = Announced {
            interval: Duration::from_secs(2),
            until: later(9000),
        };
        announce(words, Some(announced), NOW);
        assert_eq!(turn(NOW), Ok(Duration::from_secs(2)));
        assert_eq!(turn(NOW), Ok(Duration::from_secs(4)));
        let retry_after = Duration::from_secs(6);
        assert_eq!(turn(NOW), Err(Refused { retry_after }));
        assert_eq!(turn(later(9000)), Ok(Duration::ZERO));
        announce(words, None, later(1));
        assert_eq!(turn(later(1)), Ok(Duration::ZERO));
    }
}
