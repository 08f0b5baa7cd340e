//! The right to make one attempt, which is always given back: also when a panic or an early return
//! drops it. It holds the breaker's permit and the place among the attempts under way, and takes
//! what came of the attempt to all who keep score: breaker, streak, latencies.

use std::time::Duration;

use super::Client;
use crate::clock::{self, Monotonic};
use crate::policy::breaker::Outcome;
use crate::policy::{breaker, concurrency, hedge};
use crate::segment::Place;

/// The right to make one attempt.
pub(super) struct Permit<'client> {
    client: &'client Client,
    /// Taken when the outcome is recorded.
    breaker: Option<(breaker::Options, breaker::Permit)>,
    place: Option<Place>,
}

impl<'client> Permit<'client> {
    /// Asks the breaker; without one everything is permitted.
    ///
    /// # Errors
    /// When it is open.
    pub(super) fn take(client: &'client Client, now: Monotonic) -> Result<Self, breaker::Open> {
        let breaker = match client.plan().breaker {
            None => None,
            Some(options) => Some((options, client.connection().breaker_admit(&options, now)?)),
        };
        Ok(Self {
            client,
            breaker,
            place: None,
        })
    }

    /// Whether the breaker has not changed its mind since, while this was waited with.
    pub(super) fn stands(&self) -> bool {
        self.breaker
            .as_ref()
            .is_none_or(|(_, permit)| self.client.connection().breaker_stands(permit))
    }

    /// Takes a place among the attempts under way; false where there is none.
    pub(super) fn take_place(
        &mut self,
        limit: &concurrency::Options,
        lease: Duration,
        now: Monotonic,
    ) -> bool {
        self.place = self.client.connection().place_take(limit, lease, now);
        self.place.is_some()
    }

    /// Gives the permit back with what the attempt came to and how long it took.
    pub(super) fn record(mut self, outcome: Outcome, took: Duration) {
        let now = clock::monotonic();
        let (plan, connection) = (self.client.plan(), self.client.connection());
        match outcome {
            Outcome::Success => connection.streak_ended(),
            Outcome::Failure => connection.streak_failed(&plan.streak(), now),
            Outcome::Ignored => {}
        }
        if matches!(plan.hedge, Some(hedge::Options::Percentile(_))) && outcome != Outcome::Ignored
        {
            connection.note_latency(took);
        }
        self.give_back((outcome, took), now);
    }

    fn give_back(&mut self, ended: (Outcome, Duration), now: Monotonic) {
        let connection = self.client.connection();
        if let Some((options, permit)) = self.breaker.take() {
            connection.breaker_record(&options, permit, ended, now);
        }
        if let Some(place) = self.place.take() {
            connection.place_give_back(place);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.breaker.is_some() || self.place.is_some() {
            self.give_back((Outcome::Ignored, Duration::ZERO), clock::monotonic());
        }
    }
}
