//! Events out: claimed in small batches, and taken one after another.
//!
//! A refusal by the connection (open breaker, pause, a vendor's hold) costs the event no attempt
//! and ends the round. An entity that other writers keep replacing is fetched a few times; then the
//! event waits a little.

use std::time::Duration;

use super::apply::Applied;
use super::batch::Batch;
use super::event::{deferred_for, event_of_claim};
use super::{Effect, Inbox, InboxEvent, Processed, ledger_error, pass, payload};
use crate::http::Fetch;
use crate::idempotency::worker::turn;
use crate::idempotency::{Claim, LedgerError, decide};
use crate::snapshot::{Invalidate, SnapshotError};
use crate::store::Record;

/// How often an entity is fetched for one event when other writers keep being first.
const RACES_AT_MOST: usize = 5;
/// After so many lost races the event waits.
const RACE_DELAY: Duration = Duration::from_millis(200);
/// Tags that killed workers owe are paid in steps of so many snapshots.
const SETTLE_AT_MOST: usize = 100;

/// How one event ended.
enum Ended {
    /// Done; this is the snapshot's row as it was written.
    Done(Option<Box<Record>>),
    Failed,
    Dead,
    /// Given back: another worker has it, or wrote the same entity again and again.
    GivenBack,
    /// Given back: the connection refuses calls, so the round is over.
    Refused,
}

impl Inbox {
    /// Processes up to `limit` events that are due.
    ///
    /// # Errors
    /// The store's, or the invalidation's; the event at hand is left to its lease, tags stay owed.
    pub fn process(
        &self,
        fetch: &dyn Fetch,
        limit: usize,
        mut invalidate: Option<&mut Invalidate<'_>>,
        mut effect: Option<&mut Effect<'_>>,
    ) -> Result<Processed, LedgerError> {
        if let Some(invalidate) = invalidate.as_deref_mut() {
            self.snapshots
                .settle(invalidate, SETTLE_AT_MOST)
                .map_err(ledger_error)?;
        }
        let mut sum = Processed::default();
        let mut left = limit;
        while left > 0 {
            pass("inbox.before_claim", false)?;
            let mut batch = Batch::claim(&self.ledger, self.snapshots.connection(), left)?;
            left = left.saturating_sub(batch.len());
            if batch.len() == 0 {
                break;
            }
            let round =
                self.process_batch(&mut batch, fetch, &mut invalidate, &mut effect, &mut sum);
            // After a refusal or a failure the rest is others' to take at once. Where even this
            // fails, their leases end by themselves, and the round's own error counts.
            let given_back = batch.give_back();
            if round? {
                return given_back.map(|()| sum);
            }
        }
        Ok(sum)
    }

    /// Whether the round is over: the connection refuses calls, or a worker's other tasks wait.
    fn process_batch(
        &self,
        batch: &mut Batch<'_>,
        fetch: &dyn Fetch,
        invalidate: &mut Option<&mut Invalidate<'_>>,
        effect: &mut Option<&mut Effect<'_>>,
        sum: &mut Processed,
    ) -> Result<bool, LedgerError> {
        while let Some(claim) = batch.next()? {
            pass("inbox.after_claim", true)?;
            match self.process_one(&claim, fetch, effect)? {
                Ended::Done(row) => {
                    sum.processed += 1;
                    self.invalidate(row, invalidate)?;
                }
                Ended::Failed => sum.failed += 1,
                Ended::Dead => sum.dead += 1,
                Ended::GivenBack => sum.deferred += 1,
                Ended::Refused => {
                    sum.deferred += 1;
                    return Ok(true);
                }
            }
            if turn::is_over() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn process_one(
        &self,
        claim: &Claim,
        fetch: &dyn Fetch,
        effect: &mut Option<&mut Effect<'_>>,
    ) -> Result<Ended, LedgerError> {
        let opened = payload::open(
            &self.options.keys,
            (claim.source(), claim.event_id()),
            &decide::detail_of_text(claim.detail()),
            claim.payload(),
        );
        let event = match opened {
            Ok(payload) => event_of_claim(claim, payload),
            // A key may come back: the event is tried again.
            Err(error) => return fail(claim, &error.to_string()),
        };
        let id = match self.entity_id(&event) {
            Ok(id) => id,
            Err(error) => {
                claim.bury(&error)?;
                return Ok(Ended::Dead);
            }
        };
        for _ in 0..RACES_AT_MOST {
            let fetched = match self.fetch(fetch, id.as_deref(), &event)? {
                Ok(fetched) => fetched,
                Err(error) => {
                    return give_back_or_fail(claim, error, &|error| self.scrubbed(error, &event));
                }
            };
            match self.apply(claim, &event, fetched.as_ref(), effect)? {
                Applied::Done => {
                    return Ok(Ended::Done(fetched.map(|it| Box::new(it.next.record))));
                }
                Applied::LostRace => {}
                Applied::LostLease => return Ok(Ended::GivenBack),
                Applied::EffectFailed(error) => {
                    return fail(claim, &self.scrubbed(&error.message, &event));
                }
            }
        }
        claim.release(RACE_DELAY)?;
        Ok(Ended::GivenBack)
    }

    /// An error without the values of redacted fields.
    fn scrubbed(&self, error: &str, event: &InboxEvent) -> String {
        payload::scrubbed(error, &event.payload, &self.options.redact)
    }
}

fn give_back_or_fail(
    claim: &Claim,
    error: SnapshotError,
    scrubbed: &dyn Fn(&str) -> String,
) -> Result<Ended, LedgerError> {
    let delay = match &error {
        SnapshotError::Call(call) => deferred_for(call),
        SnapshotError::Missing { .. }
        | SnapshotError::UnknownResource { .. }
        | SnapshotError::Unusable { .. }
        | SnapshotError::OldShapes { .. }
        | SnapshotError::Contracted { .. }
        | SnapshotError::Store(_)
        | SnapshotError::Callback(_) => None,
    };
    match delay {
        Some(delay) => {
            unless_lost(claim.release(delay))?;
            Ok(Ended::Refused)
        }
        None => fail(claim, &scrubbed(&error.to_string())),
    }
}

fn fail(claim: &Claim, error: &str) -> Result<Ended, LedgerError> {
    match claim.fail(error) {
        Ok(true) => Ok(Ended::Dead),
        Ok(false) => Ok(Ended::Failed),
        // Another worker has it by now, and will say what becomes of it.
        Err(LedgerError::LeaseLost { .. }) => Ok(Ended::GivenBack),
        Err(error) => Err(error),
    }
}

fn unless_lost(result: Result<(), LedgerError>) -> Result<(), LedgerError> {
    match result {
        Err(LedgerError::LeaseLost { .. }) => Ok(()),
        other => other,
    }
}
