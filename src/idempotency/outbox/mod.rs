//! Writes out: recorded first, sent later, each under the idempotency key that it was given then.
//!
//! [`Outbox::send`] records a write, in the caller's transaction where one is open; a relay
//! ([`Outbox::process`]) sends what is due. An item is claimed, failed, given up and replayed by
//! the ledger's own rules ([`decide`](super::decide)); what comes on top is order by key
//! (`chain.rs`), a deadline, cancelling, and the pause after a restore (`pause.rs`).
//! [`Outbox::call`] sends at once and keeps the same record, so that a write whose process died
//! between call and record is found by its lease, and resolved by sending it again under its key.
//!
//! Losing the store loses what was not sent. Sending is at least once, under one key: a vendor that
//! honours the key does it once.

mod chain;
pub(super) mod item;
mod mark;
mod options;
mod pause;
mod relay;
mod report;
mod upkeep;
mod verdict;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::catch_up::CatchUp;
use super::decide::{self, CLAIMED, DEAD, DONE, PENDING};
use super::ledger::{RACES_AT_MOST, word_of};
use crate::clock::Monotonic;
use crate::http::Request;
use crate::store::{
    Key, Kind, Query, Record, Store, StoreError, StoreErrorKind, atomically, checksum_of,
};
use chain::{BLOCKED, SKIPPED};
use mark::Marks;
pub use options::{OutboxOptions, Unsure};
pub use relay::Relayed;
pub use report::{DeadWrite, OutboxCounts, OutboxError};

/// Was cancelled before it was sent.
const CANCELLED: &str = "cancelled";
/// Was given up, and then thrown away.
const DISCARDED: &str = "discarded";
/// What a relay has to do with.
const UNSENT: &[&str] = &[PENDING, CLAIMED];
/// What has ended.
const ENDED: &[&str] = &[DONE, CANCELLED, DISCARDED];

/// What may be said about a write when it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The item's name, for a caller that may record the same write twice; random where missing.
    pub id: Option<String>,
    /// Items of the same key are sent in the order in which they were recorded.
    pub order: Option<String>,
    /// Not before so long from now.
    pub delay: Duration,
    /// Given up when it was not sent so long from now.
    pub deadline: Option<Duration>,
}

/// The writes of one connection.
#[derive(Clone)]
pub struct Outbox {
    store: Rc<dyn Store>,
    connection: String,
    options: Rc<OutboxOptions>,
    /// The version of the relay's record when this process saw it last.
    seen_version: Rc<Cell<i64>>,
    /// When this process saw the relay's record last.
    seen_at: Rc<Cell<Option<Monotonic>>>,
    /// What outside the store remembers it.
    marks: Option<Marks>,
    catch_up: Rc<CatchUp>,
}

impl Outbox {
    /// The outbox of this connection, in this store.
    pub fn new(store: Rc<dyn Store>, connection: &str, options: OutboxOptions) -> Self {
        Self {
            marks: Marks::new(store.as_ref(), options.mark_dir.as_deref()),
            store,
            connection: connection.to_owned(),
            options: Rc::new(options),
            seen_version: Rc::new(Cell::new(0)),
            seen_at: Rc::default(),
            catch_up: Rc::default(),
        }
    }

    /// Where its items are.
    pub fn store(&self) -> &Rc<dyn Store> {
        &self.store
    }

    /// Records a write; its id. In the caller's transaction where one is open. An id that is there
    /// already is told again, and nothing is recorded.
    ///
    /// # Errors
    /// When the body is streamed, the id is there with another write, or the store failed: then
    /// nothing was recorded.
    pub fn send(&self, request: &Request, options: &SendOptions) -> Result<String, StoreError> {
        for _ in 1..RACES_AT_MOST {
            match self.try_send(request, options) {
                Err(error) if error.kind == StoreErrorKind::LostRace => {}
                done => return done,
            }
        }
        self.try_send(request, options)
    }

    fn try_send(&self, request: &Request, options: &SendOptions) -> Result<String, StoreError> {
        let (id, item) = self.item_of(request, options)?;
        atomically(self.store.as_ref(), || {
            if let Some(known) = self.known(&item)? {
                return Ok(known);
            }
            let mut item = item.clone();
            if let Some(order) = &options.order {
                let store = self.store.as_ref();
                let created_ms = item.created_at_ms;
                item.state =
                    chain::append(store, &self.connection, order, &id, created_ms)?.to_owned();
            }
            if self.store.insert(Kind::Outbox, &item)? {
                Ok(id.clone())
            } else {
                Err(StoreError::lost_race())
            }
        })
    }

    /// The id where this very write is there already.
    fn known(&self, item: &Record) -> Result<Option<String>, StoreError> {
        let Some(known) = self.store.read(Kind::Outbox, &item.key)? else {
            return Ok(None);
        };
        if known.checksum == item.checksum {
            return Ok(Some(known.label));
        }
        let message = format!(
            "the outbox has another write under the id '{}'",
            known.label
        );
        Err(StoreError::new(StoreErrorKind::Misuse, message))
    }

    /// The record of a write, pending, and its id.
    fn item_of(
        &self,
        request: &Request,
        options: &SendOptions,
    ) -> Result<(String, Record), StoreError> {
        let random = || hex::encode(crate::clock::random_bytes::<16>());
        let id = options.id.clone().unwrap_or_else(random);
        let key = item_key(&self.connection, &id);
        let mut request = request.clone();
        // The same for every repeat of the same id, in any process.
        let derived = || Key::of(&[b"outbox key", key.as_bytes()]).to_string();
        let idempotency_key = request.idempotency_key.take().unwrap_or_else(derived);
        let payload = item::compose(&Request {
            idempotency_key: Some(idempotency_key),
            ..request.clone()
        })?;
        let now_ms = self.store.now_ms()?;
        let mut detail = Map::new();
        detail.insert("method".to_owned(), Value::from(request.method.as_str()));
        detail.insert(
            "target".to_owned(),
            Value::from(without_query(&request.target)),
        );
        if let Some(order) = &options.order {
            detail.insert("order".to_owned(), Value::from(order.as_str()));
        }
        if let Some(deadline) = options.deadline {
            let deadline_ms = now_ms.saturating_add(millis(deadline));
            detail.insert("deadline_ms".to_owned(), Value::from(deadline_ms));
        }
        let record = Record {
            due_at_ms: now_ms.saturating_add(millis(options.delay)),
            checksum: checksum_of(&payload),
            payload: Some(payload),
            detail: decide::text_of(detail),
            ..Record::new(key, &self.connection, &id, PENDING, now_ms)
        };
        Ok((id, record))
    }

    /// Takes a write back that was not sent yet. False where it is being sent, or has ended.
    ///
    /// # Errors
    /// When the store failed.
    pub fn cancel(&self, id: &str) -> Result<bool, StoreError> {
        self.change(id, |item| match item.state.as_str() {
            PENDING => Some(CANCELLED),
            BLOCKED => Some(SKIPPED),
            _ => None,
        })
    }

    /// Throws a dead write away; what waits behind it goes. False where it is not dead.
    ///
    /// # Errors
    /// When the store failed.
    pub fn discard(&self, id: &str) -> Result<bool, StoreError> {
        self.change(id, |item| (item.state == DEAD).then_some(DISCARDED))
    }

    /// Changes an item's state, and lets the next one of its key go where it ended.
    fn change(
        &self,
        id: &str,
        decide: impl Fn(&Record) -> Option<&'static str>,
    ) -> Result<bool, StoreError> {
        let once = || {
            atomically(self.store.as_ref(), || {
                let read = self
                    .store
                    .read(Kind::Outbox, &item_key(&self.connection, id))?;
                let Some((item, state)) =
                    read.and_then(|item| decide(&item).map(|state| (item, state)))
                else {
                    return Ok(false);
                };
                let now_ms = self.store.now_ms()?;
                let next = Record {
                    state: state.to_owned(),
                    due_at_ms: if state == SKIPPED {
                        item.due_at_ms
                    } else {
                        now_ms
                    },
                    updated_at_ms: now_ms,
                    payload: None,
                    ..item.clone()
                };
                if !self.store.replace(Kind::Outbox, &next, item.version)? {
                    return Err(StoreError::lost_race());
                }
                if ENDED.contains(&state) {
                    chain::advance(self.store.as_ref(), &next, now_ms)?;
                }
                Ok(true)
            })
        };
        for _ in 1..RACES_AT_MOST {
            match once() {
                Err(error) if error.kind == StoreErrorKind::LostRace => {}
                done => return done,
            }
        }
        once()
    }
}

/// The record of an item.
fn item_key(connection: &str, id: &str) -> Key {
    Key::of(&[b"outbox", connection.as_bytes(), id.as_bytes()])
}

/// A target as it may be shown: a query may hold what is nobody's business.
fn without_query(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod restores;
#[cfg(test)]
mod tests;
