//! Order: items of one key are sent one after another, each only once the one before it has ended.
//!
//! | state | in its chain | next |
//! |---|---|---|
//! | blocked | waits for the item before it | pending, when that one ended; skipped |
//! | skipped | was cancelled while it waited; passed over when its turn comes | cancelled |
//! | pending, claimed, dead | at the head: nothing behind it goes | done, cancelled, discarded |
//! | done, cancelled, discarded | ended: the next one goes | — |
//!
//! A lane record for each (connection, key) names the last item; each item names the one behind
//! it. So recording, sending and ending an item touch two or three rows, however long the queue
//! is. All of it happens in the transaction that changes the item. A dead item stays the head:
//! until somebody discards or replays it, nothing behind it is sent.

use serde_json::Value;

use super::{CANCELLED, DISCARDED, item_key};
use crate::idempotency::decide::{self, DONE, PENDING};
use crate::idempotency::ledger::word_of;
use crate::store::{Key, Kind, Record, Store, StoreError};

/// Waits for the item before it.
pub(super) const BLOCKED: &str = "blocked";
/// Was cancelled while it waited.
pub(super) const SKIPPED: &str = "skipped";
/// The state of a lane record, which is no item.
pub(super) const LANE: &str = "lane";

/// No chain of cancelled items is longer: the rest waits for the next look.
const SKIPS_AT_MOST: usize = 10_000;

/// Whether nothing behind an item in this state may be sent.
pub(super) fn is_live(state: &str) -> bool {
    !matches!(state, DONE | CANCELLED | DISCARDED)
}

fn lane_key(connection: &str, order: &str) -> Key {
    Key::of(&[b"lane", connection.as_bytes(), order.as_bytes()])
}

/// Puts a new item at the end of its key's chain; the state that it begins in. In a transaction.
pub(super) fn append(
    store: &dyn Store,
    connection: &str,
    order: &str,
    id: &str,
    now_ms: i64,
) -> Result<&'static str, StoreError> {
    let key = lane_key(connection, order);
    let detail = decide::text_of([("tail".to_owned(), Value::from(id))].into_iter().collect());
    let Some(lane) = store.read(Kind::Outbox, &key)? else {
        let lane = Record {
            detail,
            ..Record::new(key, connection, order, LANE, now_ms)
        };
        return match store.insert(Kind::Outbox, &lane)? {
            true => Ok(PENDING),
            false => Err(StoreError::lost_race()),
        };
    };
    let tail = word_of(&decide::detail_of(&lane), "tail");
    let next = Record {
        detail,
        due_at_ms: now_ms,
        updated_at_ms: now_ms,
        ..lane.clone()
    };
    replace(store, &next, lane.version)?;
    let tail = store.read(Kind::Outbox, &item_key(connection, &tail))?;
    let Some(tail) = tail.filter(|tail| is_live(&tail.state)) else {
        return Ok(PENDING);
    };
    let next = Record {
        detail: with_next(&tail, id),
        payload: None,
        ..tail.clone()
    };
    replace(store, &next, tail.version)?;
    Ok(BLOCKED)
}

/// Lets the item behind an ended one go. In the transaction that ends it.
pub(super) fn advance(store: &dyn Store, ended: &Record, now_ms: i64) -> Result<(), StoreError> {
    let mut id = next_of(ended);
    for _ in 0..SKIPS_AT_MOST {
        if id.is_empty() {
            return Ok(());
        }
        let behind = store.read(Kind::Outbox, &item_key(&ended.scope, &id))?;
        let Some(behind) = behind else { return Ok(()) };
        let state = match behind.state.as_str() {
            BLOCKED => PENDING,
            SKIPPED => CANCELLED,
            // It went before: a chain is let go once.
            _ => return Ok(()),
        };
        let next = Record {
            state: state.to_owned(),
            // What is to be sent later stays so.
            due_at_ms: behind.due_at_ms.max(now_ms),
            updated_at_ms: now_ms,
            payload: None,
            ..behind.clone()
        };
        replace(store, &next, behind.version)?;
        if state == PENDING {
            return Ok(());
        }
        id = next_of(&behind);
    }
    Ok(())
}

/// Whether a lane's last item has ended, so that nothing is lost with the lane.
pub(super) fn is_idle(store: &dyn Store, lane: &Record) -> Result<bool, StoreError> {
    let tail = word_of(&decide::detail_of(lane), "tail");
    let tail = store.read(Kind::Outbox, &item_key(&lane.scope, &tail))?;
    Ok(tail.is_none_or(|tail| !is_live(&tail.state)))
}

fn replace(store: &dyn Store, next: &Record, version: i64) -> Result<(), StoreError> {
    if store.replace(Kind::Outbox, next, version)? {
        Ok(())
    } else {
        Err(StoreError::lost_race())
    }
}

fn next_of(item: &Record) -> String {
    word_of(&decide::detail_of(item), "next")
}

fn with_next(item: &Record, id: &str) -> String {
    let mut detail = decide::detail_of(item);
    detail.insert("next".to_owned(), Value::from(id));
    decide::text_of(detail)
}
