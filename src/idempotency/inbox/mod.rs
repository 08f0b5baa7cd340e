//! Webhooks in: recorded when they arrive, processed later.
//!
//! Receiving is one atomic insert into the ledger, so that the sender is answered at once.
//! Processing takes one event after another: claim it, read the snapshot's version, fetch the
//! entity anew by its id, then in one transaction replace the snapshot if that version still
//! stands, run the effect and mark the event done; then invalidate the cache tags. What the event
//! itself says about the entity is never stored: events come late and out of order.
//!
//! A refusal by the connection (open breaker, pause, a vendor's hold) costs the event no attempt
//! and ends the round. A kill at any step leaves the claim to its lease, or the tags owed in the
//! snapshot's row; [`failpoint`] has a name for each step.

mod event;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::receipt::Receipt;
use super::{Claim, Ledger, LedgerError, LedgerOptions, Recorded};
use crate::clock::UnixMs;
use crate::http::Fetch;
use crate::signature::{Event, Message, Verified, Verifier};
use crate::snapshot::{Fetched, Invalidate, SnapshotError, Snapshots, write};
use crate::store::{CallbackError, Record, StoreError, StoreErrorKind, atomically};
use crate::testing::failpoint;
pub use event::{InboxEvent, Processed};
use event::{deferred_for, event_of_claim};

/// How often an entity is fetched for one event when other writers keep being first.
const RACES_AT_MOST: usize = 5;
/// After so many lost races the event waits.
const RACE_DELAY: Duration = Duration::from_millis(200);
/// Tags that killed workers owe are paid in steps of so many snapshots.
const SETTLE_AT_MOST: usize = 100;

/// Gets the event and the entity's JSON; `None` where the entity is gone, or none is fetched.
pub type Effect<'a> = dyn FnMut(&InboxEvent, Option<&[u8]>) -> Result<(), CallbackError> + 'a;

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

/// How the transaction of one event ended.
enum Applied {
    Done,
    /// Another writer replaced the snapshot: fetch again.
    LostRace,
    /// Another worker has the claim by now.
    LostLease,
    /// The effect failed.
    EffectFailed(CallbackError),
}

/// The webhooks of one connection.
pub struct Inbox {
    snapshots: Rc<Snapshots>,
    ledger: Ledger,
    /// Resource and JSON pointer to its id in the payload.
    refetch: Option<(String, String)>,
}

impl Inbox {
    /// The inbox of the snapshots' connection, in the same store. `refetch` names the resource
    /// that events are about, and the JSON pointer to its id in their payload.
    pub fn new(
        snapshots: Rc<Snapshots>,
        refetch: Option<(String, String)>,
        options: LedgerOptions,
    ) -> Self {
        let ledger = Ledger::new(snapshots.store().clone(), options);
        Self {
            snapshots,
            ledger,
            refetch,
        }
    }

    /// The ledger that the events are in; their source is the connection's name.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Verifies a delivery and records its events; the receipt is the answer to the sender.
    pub fn receive(&self, verifier: &Verifier, message: &Message<'_>, now: UnixMs) -> Receipt {
        match verifier.verify(message, now) {
            Err(refusal) => Receipt::refused(&refusal),
            Ok(Verified {
                reply: Some(reply),
                events,
                ..
            }) if events.is_empty() => Receipt::challenge(reply),
            Ok(verified) => {
                let events: Vec<InboxEvent> = verified
                    .events
                    .iter()
                    .map(|event| self.event_of(event))
                    .collect();
                self.receive_verified(&events)
            }
        }
    }

    /// Records verified events, all or none; the receipt is the answer to the sender.
    pub fn receive_verified(&self, events: &[InboxEvent]) -> Receipt {
        let recorded = match events {
            // A single insert needs no transaction around it.
            [event] => self.record(event).map(|recorded| vec![recorded]),
            events => atomically(self.ledger.store().as_ref(), || {
                events.iter().map(|event| self.record(event)).collect()
            }),
        };
        recorded.map_or_else(
            |error| Receipt::unavailable(&error),
            |all| Receipt::kept(&all),
        )
    }

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
        for _ in 0..limit {
            pass("inbox.before_claim", false)?;
            let claim = self
                .ledger
                .claim_due(1, Some(self.snapshots.connection()))?
                .pop();
            let Some(claim) = claim else { break };
            pass("inbox.after_claim", true)?;
            match self.process_one(&claim, fetch, &mut effect)? {
                Ended::Done(row) => {
                    sum.processed += 1;
                    self.invalidate(row, &mut invalidate)?;
                }
                Ended::Failed => sum.failed += 1,
                Ended::Dead => sum.dead += 1,
                Ended::GivenBack => sum.deferred += 1,
                Ended::Refused => {
                    sum.deferred += 1;
                    break;
                }
            }
        }
        Ok(sum)
    }

    fn process_one(
        &self,
        claim: &Claim,
        fetch: &dyn Fetch,
        effect: &mut Option<&mut Effect<'_>>,
    ) -> Result<Ended, LedgerError> {
        let event = event_of_claim(claim);
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
                Err(error) => return give_back_or_fail(claim, error),
            };
            match self.apply(claim, &event, fetched.as_ref(), effect)? {
                Applied::Done => {
                    return Ok(Ended::Done(fetched.map(|it| Box::new(it.next.record))));
                }
                Applied::LostRace => {}
                Applied::LostLease => return Ok(Ended::GivenBack),
                Applied::EffectFailed(error) => return fail(claim, &error.message),
            }
        }
        claim.release(RACE_DELAY)?;
        Ok(Ended::GivenBack)
    }

    /// Looks at the vendor. The outer error is the store's, the inner one the vendor's.
    fn fetch(
        &self,
        fetch: &dyn Fetch,
        id: Option<&str>,
        event: &InboxEvent,
    ) -> Result<Result<Option<Fetched>, SnapshotError>, LedgerError> {
        let (Some(id), Some((resource, _))) = (id, &self.refetch) else {
            return Ok(Ok(None));
        };
        pass("inbox.before_fetch", true)?;
        let looked = self
            .snapshots
            .look_for_event(fetch, resource, id, &event.id);
        pass("inbox.after_fetch", true)?;
        match looked {
            Err(error @ (SnapshotError::Store(_) | SnapshotError::Callback(_))) => {
                Err(ledger_error(error))
            }
            other => Ok(other.map(Some)),
        }
    }

    /// Snapshot, effect and mark: one transaction.
    fn apply(
        &self,
        claim: &Claim,
        event: &InboxEvent,
        fetched: Option<&Fetched>,
        effect: &mut Option<&mut Effect<'_>>,
    ) -> Result<Applied, LedgerError> {
        let store = self.ledger.store().as_ref();
        let lost_race = Cell::new(false);
        let lost_lease = Cell::new(false);
        let effect_failed = Cell::new(false);
        let result = store.atomically(&mut || {
            failpoint::hit("inbox.before_effect", true)?;
            if let Some(fetched) = fetched
                && !write(store, &fetched.next)?
            {
                lost_race.set(true);
                return Err(StoreError::lost_race());
            }
            if let Some(effect) = effect.as_deref_mut() {
                let json = fetched.and_then(|fetched| fetched.json.as_deref());
                effect(event, json).inspect_err(|_| effect_failed.set(true))?;
            }
            failpoint::hit("inbox.after_effect", true)?;
            failpoint::hit("inbox.before_mark", true)?;
            match claim.complete(&Value::Null) {
                Ok(()) => Ok(()),
                Err(LedgerError::Store(error)) => Err(error),
                Err(LedgerError::Callback(error)) => Err(error.into()),
                Err(_) => {
                    lost_lease.set(true);
                    Err(StoreError::lost_race())
                }
            }
        });
        match result {
            Ok(()) => {
                pass("inbox.after_mark", false)?;
                Ok(Applied::Done)
            }
            Err(_) if lost_race.get() => Ok(Applied::LostRace),
            Err(_) if lost_lease.get() => Ok(Applied::LostLease),
            Err(error) => match (LedgerError::from(error), effect_failed.get()) {
                (LedgerError::Callback(error), true) => Ok(Applied::EffectFailed(error)),
                (error, _) => Err(error),
            },
        }
    }

    /// Invalidates what the written row owes, then clears it.
    fn invalidate(
        &self,
        row: Option<Box<Record>>,
        invalidate: &mut Option<&mut Invalidate<'_>>,
    ) -> Result<(), LedgerError> {
        pass("inbox.before_invalidate", false)?;
        let invalidate = invalidate.as_deref_mut();
        let (Some(row), Some(invalidate)) = (row, invalidate) else {
            // Nobody to tell here: the tags stay owed until somebody settles them.
            return pass("inbox.after_invalidate", false);
        };
        let mut told = |tags: &[String]| {
            invalidate(tags)?;
            failpoint::hit("inbox.after_invalidate", false)
                .map_err(|stopped| CallbackError::new(stopped.to_string()))
        };
        self.snapshots.pay(&row, &mut told).map_err(ledger_error)
    }

    fn record(&self, event: &InboxEvent) -> Result<Recorded, StoreError> {
        let mut detail = Map::new();
        if let Some(kind) = &event.kind {
            detail.insert("type".to_owned(), Value::from(kind.as_str()));
        }
        if let Some(time_ms) = event.time_ms {
            detail.insert("time_ms".to_owned(), Value::from(time_ms));
        }
        let source = self.snapshots.connection();
        self.ledger
            .record_with(source, &event.id, &event.payload, detail)
    }

    fn event_of(&self, event: &Event) -> InboxEvent {
        InboxEvent {
            source: self.snapshots.connection().to_owned(),
            id: event.id().to_owned(),
            kind: event.kind().map(str::to_owned),
            time_ms: event.time_ms(),
            payload: event.payload().to_vec(),
        }
    }

    /// The id of the entity that the event is about; `None` where nothing is fetched.
    fn entity_id(&self, event: &InboxEvent) -> Result<Option<String>, String> {
        let Some((resource, pointer)) = &self.refetch else {
            return Ok(None);
        };
        let id = Event::new(&event.source, &event.id, &event.payload).pointer_id(pointer);
        id.map(Some)
            .ok_or_else(|| format!("the payload has no id of a {resource} at '{pointer}'"))
    }
}

fn give_back_or_fail(claim: &Claim, error: SnapshotError) -> Result<Ended, LedgerError> {
    let delay = match &error {
        SnapshotError::Call(call) => deferred_for(call),
        SnapshotError::Missing { .. }
        | SnapshotError::UnknownResource { .. }
        | SnapshotError::Unusable { .. }
        | SnapshotError::OldShapes { .. }
        | SnapshotError::Store(_)
        | SnapshotError::Callback(_) => None,
    };
    match delay {
        Some(delay) => {
            unless_lost(claim.release(delay))?;
            Ok(Ended::Refused)
        }
        None => fail(claim, &error.to_string()),
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

fn ledger_error(error: SnapshotError) -> LedgerError {
    match error {
        SnapshotError::Store(error) => error.into(),
        SnapshotError::Callback(error) => error.into(),
        other @ (SnapshotError::Missing { .. }
        | SnapshotError::UnknownResource { .. }
        | SnapshotError::OldShapes { .. }
        | SnapshotError::Call(_)
        | SnapshotError::Unusable { .. }) => {
            LedgerError::Store(StoreError::new(StoreErrorKind::Misuse, other.to_string()))
        }
    }
}

fn pass(name: &'static str, is_holding: bool) -> Result<(), LedgerError> {
    failpoint::hit(name, is_holding).map_err(|stopped| LedgerError::Store(stopped.into()))
}

#[cfg(test)]
mod tests;
