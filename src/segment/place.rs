//! Places for attempts that are under way, one lease each.
//!
//! A place is one word: who holds it, until when. Taking and giving back are one compare-and-swap
//! each; a holder that was killed is taken over by the next that looks, by its end at the latest.
//! The search begins somewhere else for each worker, so that they do not race for the same word.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    owner,
    words::{self, Holder},
    write,
};
use crate::clock::Monotonic;

/// A place that was taken; given back to the connection that it came from.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a place is given back when its attempt is over"]
pub struct Place {
    index: usize,
    /// What the place held when it was taken.
    word: u64,
}

/// A free place among the first `max`, one whose time is over, or one whose process is gone.
pub(super) fn take(
    places: &[AtomicU64],
    max: u32,
    lease: Duration,
    now: Monotonic,
) -> Option<Place> {
    let max = places.len().min(usize::try_from(max).unwrap_or(usize::MAX));
    let me = owner::me();
    let mine = words::place(Holder::new(me, lease, now));
    let start = usize::try_from(me).unwrap_or(0);
    // Most places are free or held by the living: who is gone is asked for last.
    [false, true].into_iter().find_map(|asks| {
        (0..max).find_map(|step| {
            let index = start.wrapping_add(step) % max;
            let place = places.get(index)?;
            let seen = place.load(Ordering::Acquire);
            (is_free(seen, now, asks) && write::exchange(place, seen, mine))
                .then_some(Place { index, word: mine })
        })
    })
}

fn is_free(word: u64, now: Monotonic, asks: bool) -> bool {
    let holder = words::place_holder(word);
    word == 0 || holder.remaining(now).is_none() || (asks && !owner::is_alive(holder.pid))
}

/// Gives a place back, unless it was taken over meanwhile. Two places that one process took in the
/// same 16 ms look alike, and giving back one is as good as the other.
pub(super) fn give_back(places: &[AtomicU64], place: &Place) {
    if let Some(word) = places.get(place.index) {
        write::exchange(word, place.word, 0);
    }
}

/// Places that somebody holds.
pub(super) fn held(places: &[AtomicU64], now: Monotonic) -> usize {
    let words = places.iter().map(|place| place.load(Ordering::Acquire));
    words.filter(|word| !is_free(*word, now, true)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::layout::{PLACES_AT_ONCE, zeroes};

    const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);
    const LEASE: Duration = Duration::from_secs(2);

    #[test]
    fn no_more_than_the_limit_hold_a_place() {
        let places: [AtomicU64; PLACES_AT_ONCE] = zeroes();
        let taken: Vec<_> = (0..9)
            .filter_map(|_| take(&places, 3, LEASE, NOW))
            .collect();
        assert_eq!((taken.len(), held(&places, NOW)), (3, 3));
        give_back(&places, &taken[1]);
        assert_eq!(held(&places, NOW), 2);
        assert!(take(&places, 3, LEASE, NOW).is_some());
        assert!(take(&places, 3, LEASE, NOW).is_none());
    }

    #[test]
    fn a_place_ends_with_its_time() {
        let places: [AtomicU64; PLACES_AT_ONCE] = zeroes();
        let place = take(&places, 1, LEASE, NOW).unwrap();
        let after = NOW.saturating_add(LEASE + Duration::from_millis(40));
        let next = take(&places, 1, LEASE, after).unwrap();
        // What comes too late gives back nothing.
        give_back(&places, &place);
        assert_eq!(held(&places, after), 1);
        give_back(&places, &next);
        assert_eq!(held(&places, after), 0);
    }

    #[test]
    fn a_place_whose_process_is_gone_is_taken_over() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let places: [AtomicU64; PLACES_AT_ONCE] = zeroes();
        let gone = words::place(Holder::new(child.id(), LEASE, NOW));
        places[0].store(gone, Ordering::Relaxed);
        assert!(take(&places, 1, LEASE, NOW).is_some());
    }

    #[test]
    fn racing_workers_never_hold_more_than_there_are() {
        let places: [AtomicU64; PLACES_AT_ONCE] = zeroes();
        let most = AtomicU64::new(0);
        let under_way = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let Some(place) = take(&places, 3, LEASE, NOW) else {
                            continue;
                        };
                        let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        under_way.fetch_sub(1, Ordering::SeqCst);
                        give_back(&places, &place);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert_eq!(held(&places, NOW), 0);
    }
}
