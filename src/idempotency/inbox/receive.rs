//! A delivery in: verified, sealed, recorded; the receipt is the answer to its sender.
//!
//! The events of one delivery are recorded all or none: a single one by one atomic insert, several
//! in one transaction. What the sender is told follows from what is stored (`receipt`): 2xx only
//! for what is on disk.

use serde_json::{Map, Value};

use super::payload::{self, PayloadError};
use super::{Inbox, InboxEvent, depth};
use crate::clock::UnixMs;
use crate::idempotency::Recorded;
use crate::idempotency::decide::{CLAIMED, PENDING};
use crate::idempotency::receipt::Receipt;
use crate::options::SecretRef;
use crate::signature::{Event, FetchPem, Message, Verified, Verifier};
use crate::store::{Kind, StoreError, atomically};
use crate::testing::failpoint;

/// An event as it is to be kept.
struct Sealed<'a> {
    event: &'a InboxEvent,
    /// Its payload under the key; `None` where it is kept plain.
    kept: Option<Vec<u8>>,
    detail: Map<String, Value>,
}

impl Inbox {
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

    fn event_of(&self, event: &Event) -> InboxEvent {
        InboxEvent {
            source: self.snapshots.connection().to_owned(),
            id: event.id().to_owned(),
            kind: event.kind().map(str::to_owned),
            time_ms: event.time_ms(),
            payload: event.payload().to_vec(),
        }
    }
}
