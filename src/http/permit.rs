//! The right to make one attempt, which is always given back: also when a panic or an early return
//! drops it. It holds the breaker's permit, this host's and where there is one that of all hosts,
//! and the place among the attempts under way, and takes what came of the attempt to all who keep
//! score: breaker, streak, latencies.

use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::hosts::{Entered, Hosts, Word};
use crate::clock::{self, Monotonic};
use crate::policy::breaker::Outcome;
use crate::policy::{breaker, concurrency, hedge};
use crate::segment::Place;
use crate::telemetry::Counter;

/// The right to make one attempt.
pub(super) struct Permit<'client> {
    client: &'client Client,
    /// Taken when the outcome is recorded.
    breaker: Option<(breaker::Options, breaker::Permit)>,
    place: Option<Place>,
    /// Where all hosts share breaker and throttle.
    shared: Option<(Arc<Hosts>, Entered)>,
    /// What the vendor said about its limits, where it did.
    announced: Option<Word>,
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
            shared: None,
            announced: None,
        })
    }

    /// Whether the breaker has not changed its mind since, while this was waited with.
    pub(super) fn stands(&self) -> bool {
        self.breaker
            .as_ref()
            .is_none_or(|(_, permit)| self.client.connection().breaker_stands(permit))
    }

    /// Keeps what all hosts share of the attempt.
    pub(super) fn share(&mut self, hosts: Arc<Hosts>, entered: Entered) {
        self.shared = Some((hosts, entered));
    }

    /// Keeps what the vendor announced for all hosts.
    pub(super) fn announce(&mut self, announced: Word) {
        self.announced = Some(announced);
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
        let (shared, announced) = (self.shared.take(), self.announced.take());
        if let Some((options, permit)) = self.breaker.take() {
            let known = shared
                .and_then(|(hosts, entered)| hosts.record(&options, &entered, ended, announced));
            match known {
                None => connection.breaker_record(&options, permit, ended, now),
                Some(known) => {
                    // What all hosts know counts, and not what this one saw of it.
                    let ignored = (Outcome::Ignored, Duration::ZERO);
                    connection.breaker_record(&options, permit, ignored, now);
                    connection.breaker_follow(&options, (known.state, known.left), now);
                    connection.count(Counter::BreakerOpened, u64::from(known.has_opened));
                }
            }
        } else if let (Some((hosts, entered)), Some(announced)) = (shared, announced) {
            hosts.note(&entered, announced);
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
