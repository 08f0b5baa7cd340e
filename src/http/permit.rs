//! A breaker's permit that is always given back: also when a panic or an early return drops it.

use super::Client;
use crate::clock::{self, Monotonic};
use crate::policy::breaker;
use crate::segment::Connection;

/// The right to make one attempt.
pub(super) struct Permit {
    /// Taken when the outcome is recorded.
    given: Option<(Connection, breaker::Options, breaker::Permit)>,
}

impl Permit {
    /// Asks the breaker; without one everything is permitted.
    ///
    /// # Errors
    /// When it is open.
    pub(super) fn take(client: &Client, now: Monotonic) -> Result<Self, breaker::Open> {
        let Some(options) = client.plan().breaker else {
            return Ok(Self { given: None });
        };
        let connection = client.connection().clone();
        let permit = connection.breaker_admit(&options, now)?;
        Ok(Self {
            given: Some((connection, options, permit)),
        })
    }

    /// Gives the permit back with what the attempt came to.
    pub(super) fn record(mut self, outcome: breaker::Outcome) {
        self.give_back(outcome);
    }

    fn give_back(&mut self, outcome: breaker::Outcome) {
        if let Some((connection, options, permit)) = self.given.take() {
            connection.breaker_record(
                &options,
                permit,
                (outcome, std::time::Duration::ZERO),
                clock::monotonic(),
            );
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back(breaker::Outcome::Ignored);
    }
}
