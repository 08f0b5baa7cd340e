//! Webhooks in: recorded when they arrive, processed later.
//!
//! Receiving is one atomic insert into the ledger, so that the sender is answered at once; an inbox
//! that is full asks the sender to come back. Processing claims events in small batches and takes
//! one after another: read the snapshot's version, fetch the entity anew by its id, then in one
//! transaction replace the snapshot if that version still stands, run the effect and mark the
//! event done; then invalidate the cache tags. Events come late and out of order, so what an event
//! itself says about the entity is stored only where the resource has an order, and only when it
//! is not older than what is there (`embedded`).
//!
//! A refusal by the connection (open breaker, pause, a vendor's hold) costs the event no attempt
//! and ends the round. A kill at any step leaves the claim to its lease, or the tags owed in the
//! snapshot's row; [`failpoint`] has a name for each step.

mod apply;
mod batch;
mod depth;
mod event;
mod options;
mod payload;

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::decide::{self, CLAIMED, PENDING};
use super::receipt::Receipt;
use super::worker::turn;
use super::{Claim, Ledger, LedgerError, Recorded};
use crate::clock::UnixMs;
use crate::http::Fetch;
use crate::options::{Embedded, SecretRef};
use crate::signature::{Event, FetchPem, Message, Verified, Verifier};
use crate::snapshot::{Fetched, Invalidate, SnapshotError, Snapshots};
use crate::store::{CallbackError, Kind, Record, StoreError, StoreErrorKind, atomically};
use crate::testing::failpoint;
use apply::Applied;
use batch::Batch;
pub(super) use event::deferred_for;
use event::event_of_claim;
pub use event::{EventView, InboxEvent, Processed};
pub use options::{About, InboxOptions};
pub use payload::PayloadError;

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

/// An event as it is to be kept.
struct Sealed<'a> {
    event: &'a InboxEvent,
    /// Its payload under the key; `None` where it is kept plain.
    kept: Option<Vec<u8>>,
    detail: Map<String, Value>,
}

/// The webhooks of one connection.
pub struct Inbox {
    snapshots: Rc<Snapshots>,
    ledger: Ledger,
    options: InboxOptions,
    /// What its depth is remembered under.
    name: String,
}

impl Inbox {
    /// The inbox of the snapshots' connection, in the same store. `namespace` keeps connections of
    /// one name apart.
    pub fn new(snapshots: Rc<Snapshots>, namespace: &str, options: InboxOptions) -> Self {
        let ledger = Ledger::new(snapshots.store().clone(), options.ledger.clone());
        Self {
            name: format!("{namespace}/{}", snapshots.connection()),
            snapshots,
            ledger,
            options,
        }
    }

    /// The ledger that the events are in; their source is the connection's name.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Verifies a delivery and records its events; the receipt is the answer to the sender.
    pub fn receive(&self, verifier: &Verifier, message: &Message<'_>, now: UnixMs) -> Receipt {
        let no_fetch = |_: &str| Err("no way to fetch it was given".to_owned());
        self.receive_fetching(verifier, message, now, &no_fetch)
    }

    /// As [`Self::receive`], for schemes whose key is a certificate that `fetch` gets.
    pub fn receive_fetching(
        &self,
        verifier: &Verifier,
        message: &Message<'_>,
        now: UnixMs,
        fetch: FetchPem<'_>,
    ) -> Receipt {
        match verifier.verify_fetching(message, now, &SecretRef::resolve, fetch) {
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

    /// Records verified events, all or none; the receipt is the answer to the sender. An inbox in
    /// which as many events wait as may turns them away.
    pub fn receive_verified(&self, events: &[InboxEvent]) -> Receipt {
        match self.has_room() {
            Ok(true) => {}
            Ok(false) => return Receipt::full(),
            Err(error) => return Receipt::unavailable(&error),
        }
        // Outside the transaction: a key's resolver may be the application's code.
        let sealed: Result<Vec<Sealed>, _> = events.iter().map(|event| self.seal(event)).collect();
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => return Receipt::unsealed(&error),
        };
        let recorded = match sealed.as_slice() {
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

    fn has_room(&self) -> Result<bool, StoreError> {
        let source = self.snapshots.connection();
        depth::has_room(&self.name, self.options.max_waiting, || {
            let store = self.ledger.store();
            let cap = self.options.max_waiting;
            store.count_up_to(Kind::Inbox, &[PENDING, CLAIMED], Some(source), cap)
        })
    }

    fn seal<'a>(&self, event: &'a InboxEvent) -> Result<Sealed<'a>, PayloadError> {
        let mut detail = Map::new();
        if let Some(kind) = &event.kind {
            detail.insert("type".to_owned(), Value::from(kind.as_str()));
        }
        if let Some(time_ms) = event.time_ms {
            detail.insert("time_ms".to_owned(), Value::from(time_ms));
        }
        let names = (self.snapshots.connection(), event.id.as_str());
        let sealed = payload::seal(&self.options.keys, names, &event.payload)?;
        let kept = sealed.map(|(kept, key_id)| {
            detail.insert(payload::KEY_ID.to_owned(), Value::from(key_id));
            kept
        });
        Ok(Sealed {
            event,
            kept,
            detail,
        })
    }

    fn record(&self, sealed: &Sealed<'_>) -> Result<Recorded, StoreError> {
        failpoint::hit("inbox.before_record", false)?;
        let (source, event) = (self.snapshots.connection(), sealed.event);
        let kept = sealed.kept.as_deref();
        let detail = sealed.detail.clone();
        let recorded = self
            .ledger
            .record_with(source, &event.id, &event.payload, kept, detail)?;
        failpoint::hit("inbox.after_record", false)?;
        Ok(recorded)
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

    /// An event as it stands, for people: redacted, whoever looks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn look_at(&self, event_id: &str) -> Result<Option<EventView>, StoreError> {
        let source = self.snapshots.connection();
        let Some(record) = self.ledger.read(source, event_id)? else {
            return Ok(None);
        };
        let detail = decide::detail_of(&record);
        // Payloads may be erased before the rows that prove them.
        let shown = record.payload.as_deref().map_or_else(String::new, |kept| {
            let names = (source, event_id);
            match payload::open(&self.options.keys, names, &detail, kept) {
                Ok(payload) => payload::shown(&payload, &self.options.redact),
                Err(error) => error.to_string(),
            }
        });
        Ok(Some(EventView::of(record, &detail, shown)))
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

    /// What the event itself says about the entity.
    fn embedded(
        &self,
        embedded: &Embedded,
        id: &str,
        event: &InboxEvent,
    ) -> Result<Fetched, SnapshotError> {
        let json = Event::new(event.source.clone(), &event.id, &event.payload);
        let data = json.pointer(&embedded.data_pointer);
        let is_gone = event
            .kind
            .as_ref()
            .is_some_and(|kind| embedded.gone.contains(kind));
        self.snapshots
            .take_from_event(&embedded.resource, id, data, is_gone, &event.id)
    }

    /// An error without the values of redacted fields.
    fn scrubbed(&self, error: &str, event: &InboxEvent) -> String {
        payload::scrubbed(error, &event.payload, &self.options.redact)
    }

    /// Looks at the vendor. The outer error is the store's, the inner one the vendor's.
    fn fetch(
        &self,
        fetch: &dyn Fetch,
        id: Option<&str>,
        event: &InboxEvent,
    ) -> Result<Result<Option<Fetched>, SnapshotError>, LedgerError> {
        let Some(id) = id else { return Ok(Ok(None)) };
        pass("inbox.before_fetch", true)?;
        let looked = match &self.options.about {
            About::Nothing => return Ok(Ok(None)),
            About::Fetched(refetch) => {
                let snapshots = &self.snapshots;
                snapshots.look_for_event(fetch, &refetch.resource, id, &event.id)
            }
            About::Embedded(embedded) => self.embedded(embedded, id, event),
        };
        pass("inbox.after_fetch", true)?;
        match looked {
            Err(error @ (SnapshotError::Store(_) | SnapshotError::Callback(_))) => {
                Err(ledger_error(error))
            }
            other => Ok(other.map(Some)),
        }
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

    /// The id of the entity that the event is about; `None` where there is none to look at.
    fn entity_id(&self, event: &InboxEvent) -> Result<Option<String>, String> {
        let (resource, pointer) = match &self.options.about {
            About::Nothing => return Ok(None),
            About::Fetched(refetch) => (&refetch.resource, &refetch.id_pointer),
            About::Embedded(embedded) => (&embedded.resource, &embedded.id_pointer),
        };
        let id = Event::new(event.source.clone(), &event.id, &event.payload).pointer_id(pointer);
        id.map(Some)
            .ok_or_else(|| format!("the payload has no id of a {resource} at '{pointer}'"))
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
