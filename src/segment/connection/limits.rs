//! What limits a connection's attempts: turns, places, how long attempts take, writes.

use std::{sync::atomic::Ordering, time::Duration};

use super::Connection;
use crate::{
    clock::Monotonic,
    policy::{concurrency, hedge, throttle},
    segment::{
        place::{self, Place},
        throttle as turns, write,
    },
};

impl Connection {
    /// Takes the connection's next turn; how long until it comes.
    ///
    /// # Errors
    /// When it lies beyond `max_wait`.
    pub fn throttle_take(
        &self,
        rate: throttle::Rate,
        now: Monotonic,
        max_wait: Duration,
    ) -> Result<Duration, throttle::Refused> {
        turns::take_turn(&self.slot().throttle.next, rate, now, max_wait)
    }

    /// Takes the next turn of a route, by its place among the connection's routes.
    ///
    /// # Errors
    /// As [`Connection::throttle_take`].
    pub fn throttle_take_route(
        &self,
        (place, route): (usize, &throttle::Route),
        now: Monotonic,
        max_wait: Duration,
    ) -> Result<Duration, throttle::Refused> {
        match self.slot().throttle.routes.get(place) {
            Some(next) => turns::take_turn(next, route.rate, now, max_wait),
            None => Ok(Duration::ZERO),
        }
    }

    /// Takes the next turn of what the vendor announced, where it announced anything.
    ///
    /// # Errors
    /// As [`Connection::throttle_take`].
    pub fn throttle_take_announced(
        &self,
        now: Monotonic,
        max_wait: Duration,
    ) -> Result<Duration, throttle::Refused> {
        turns::take_announced(&self.slot().throttle, now, max_wait)
    }

    /// Notes what the vendor announced last; `None` where there is plenty left.
    pub fn throttle_announce(&self, announced: Option<throttle::Announced>, now: Monotonic) {
        turns::announce(&self.slot().throttle, announced, now);
    }

    /// A place among the attempts under way, for `lease` at most; `None` where there is none.
    pub fn place_take(
        &self,
        options: &concurrency::Options,
        lease: Duration,
        now: Monotonic,
    ) -> Option<Place> {
        place::take(&self.slot().places, options.max, lease, now)
    }

    /// Gives a place back.
    #[expect(clippy::needless_pass_by_value, reason = "a place is given back once")]
    pub fn place_give_back(&self, place: Place) {
        place::give_back(&self.slot().places, &place);
    }

    /// Attempts that hold a place.
    pub fn places_held(&self, now: Monotonic) -> usize {
        place::held(&self.slot().places, now)
    }

    /// Counts how long an attempt took.
    pub fn note_latency(&self, took: Duration) {
        let latencies = &self.slot().latencies;
        let Some(word) = latencies.get(hedge::bucket(took)) else {
            return;
        };
        let before = write::add(word, 1);
        // Looked at now and then: one bucket holds half of all at the most uneven.
        if before % 64 == 63 && self.latencies().iter().sum::<u64>() >= hedge::SAMPLES_MAX {
            for word in latencies {
                let seen = word.load(Ordering::Relaxed);
                write::exchange(word, seen, seen / 2);
            }
        }
    }

    /// The histogram of how long attempts took.
    pub fn latencies(&self) -> [u64; hedge::BUCKETS] {
        let words = &self.slot().latencies;
        std::array::from_fn(|place| {
            let word = words.get(place);
            word.map_or(0, |word| word.load(Ordering::Relaxed))
        })
    }

    /// Counts a call with an unsafe method, when it begins and when it ends.
    pub fn note_write(&self) {
        write::add(&self.slot().writes, 1);
    }

    /// How often that was.
    pub fn writes(&self) -> u64 {
        self.slot().writes.load(Ordering::Acquire)
    }
}
