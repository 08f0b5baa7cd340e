//! `Causeway\Claim`: a lease on one event, with its fencing token.

use std::rc::Rc;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::request::millis;
use super::{durable, value};
use crate::idempotency::{Claim, ClaimStatus};

/// A lease on one event, with its fencing token.
#[php_class]
#[php(name = "Causeway\\Claim", flags = ClassFlags::Final)]
pub struct PhpClaim {
    claim: Rc<Claim>,
}

impl PhpClaim {
    pub(super) fn new(claim: Rc<Claim>) -> Self {
        Self { claim }
    }
}

#[php_impl]
impl PhpClaim {
    /// What the claim found.
    ///
    /// @return 'won'|'in_progress'|'done'|'conflict'|'dead'
    #[php(name = "status")]
    pub fn status(&self) -> &'static str {
        match self.claim.status() {
            ClaimStatus::Won => "won",
            ClaimStatus::InProgress => "in_progress",
            ClaimStatus::Done => "done",
            ClaimStatus::Conflict => "conflict",
            ClaimStatus::Dead => "dead",
        }
    }

    /// Where the event came from.
    #[php(name = "source")]
    pub fn source(&self) -> String {
        self.claim.source().to_owned()
    }

    /// The event's id.
    #[php(name = "eventId")]
    pub fn event_id(&self) -> String {
        self.claim.event_id().to_owned()
    }

    /// The recorded payload, bytes.
    #[php(name = "payload")]
    pub fn payload(&self) -> Zval {
        value::bytes(self.claim.payload())
    }

    /// Which attempt this is, from 1.
    #[php(name = "attempt")]
    pub fn attempt(&self) -> i64 {
        self.claim.attempt()
    }

    /// Rises with each claim of this event: a completion with an older token is refused.
    #[php(name = "token")]
    pub fn token(&self) -> i64 {
        self.claim.token()
    }

    /// The recorded outcome of a done event, else NULL.
    #[php(name = "outcome")]
    pub fn outcome(&self) -> PhpResult<Zval> {
        durable::outcome_to_php(&self.claim.outcome())
    }

    /// A key derived from source, event and step, the same on every repeat: the idempotency key of
    /// the handler's own calls.
    #[php(name = "key")]
    pub fn key(&self, step: &str) -> String {
        self.claim.key(step)
    }

    /// Prolongs the lease by its full length.
    ///
    /// @throws \Causeway\Exception\LeaseLostException
    ///   When another worker has the event, or the lease ran out.
    #[php(name = "renew")]
    pub fn renew(&self) -> PhpResult<()> {
        self.claim.renew().map_err(durable::ledger_error)
    }

    /// Marks the event done. Inside Store::atomically() together with the effect, the two are one.
    ///
    /// @throws \Causeway\Exception\LeaseLostException
    ///   When another worker has the event: the effect must be rolled back.
    #[php(name = "complete")]
    pub fn complete(&self, outcome: Option<&Zval>) -> PhpResult<()> {
        let outcome = durable::outcome_from_php(outcome)?;
        self.claim.complete(&outcome).map_err(durable::ledger_error)
    }

    /// Records a failure: due again after a backoff, or dead after the last attempt.
    ///
    /// @return 'pending'|'dead'
    ///
    /// @throws \Causeway\Exception\LeaseLostException
    #[php(name = "fail")]
    pub fn fail(&self, error: &str) -> PhpResult<&'static str> {
        let is_dead = self.claim.fail(error).map_err(durable::ledger_error)?;
        Ok(if is_dead { "dead" } else { "pending" })
    }

    /// Gives the event back without counting an attempt; it is due again after $delayMs.
    ///
    /// @throws \Causeway\Exception\LeaseLostException
    #[php(name = "release", defaults(delayMs = 0))]
    pub fn release(&self, delayMs: i64) -> PhpResult<()> {
        self.claim
            .release(millis(delayMs))
            .map_err(durable::ledger_error)
    }
}
