//! The row that says where a walk stands, and who walks.
//!
//! | state | means |
//! |---|---|
//! | idle | nobody walks, or the runner's lease ran out |
//! | running | held until `lease_until_ms` by the runner that knows the version |
//! | done | the list's end was reached |
//!
//! Every write is a compare-and-replace on the version that the runner wrote last, so the version
//! is its fencing token: a runner that slept through its lease while another went on writes
//! nothing. A runner whose lease ran out with nobody behind it goes on.

use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::BackfillState;
use crate::snapshot::freshness::millis;
use crate::store::{Key, Kind, Record, Store, StoreError};

const IDLE: &str = "idle";
const RUNNING: &str = "running";
const DONE: &str = "done";
/// How often a write is tried again when another runner was first.
const RACES_AT_MOST: usize = 5;

/// `detail` in the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    cursor: Option<String>,
    rows: u64,
}

/// The walk as its runner holds it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    record: Record,
    pub(super) state: BackfillState,
}

/// The row of one walk.
pub(super) struct Cursor {
    store: Rc<dyn Store>,
    key: Key,
    scope: String,
    resource: String,
    lease: Duration,
}

impl Cursor {
    /// The row of this connection's walk over this resource.
    pub(super) fn new(
        store: Rc<dyn Store>,
        connection: &str,
        resource: &str,
        lease: Duration,
    ) -> Self {
        Self {
            store,
            key: Key::of(&[b"cursor", connection.as_bytes(), resource.as_bytes()]),
            scope: format!("{connection}/{resource}"),
            resource: resource.to_owned(),
            lease,
        }
    }

    /// Connection and resource.
    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// Where the walk stands.
    pub(super) fn state(&self) -> Result<BackfillState, StoreError> {
        Ok(self
            .store
            .read(Kind::Cursor, &self.key)?
            .map_or_else(Default::default, |it| state_of(&it)))
    }

    /// Takes the walk, unless another runner has it.
    pub(super) fn claim(&self) -> Result<Option<Held>, StoreError> {
        let now_ms = self.store.now_ms()?;
        let fresh = Record::new(self.key, &self.scope, &self.resource, IDLE, now_ms);
        let fresh = Record {
            updated_at_ms: 0,
            ..fresh
        };
        self.store.insert(Kind::Cursor, &fresh)?;
        let Some(stored) = self.store.read(Kind::Cursor, &self.key)? else {
            return Ok(None);
        };
        if stored.state == RUNNING && stored.lease_until_ms > now_ms {
            return Ok(None);
        }
        if stored.state == DONE {
            let state = state_of(&stored);
            return Ok(Some(Held {
                record: stored,
                state,
            }));
        }
        let token = stored.token.saturating_add(1);
        let next = Record {
            token,
            ..self.held_until(&stored, now_ms)
        };
        self.write(next, stored.version)
    }

    /// Prolongs the lease; `None` when another runner has the walk.
    pub(super) fn renew(&self, held: &Held) -> Result<Option<Held>, StoreError> {
        let next = self.held_until(&held.record, self.store.now_ms()?);
        self.write(next, held.record.version)
    }

    /// Moves on behind a chunk, inside its transaction, and prolongs the lease; `None` when
    /// another runner has the walk.
    pub(super) fn advance(
        &self,
        held: &Held,
        cursor: Option<String>,
        rows: u64,
    ) -> Result<Option<Held>, StoreError> {
        let now_ms = self.store.now_ms()?;
        let is_done = cursor.is_none();
        let detail = Detail {
            cursor,
            rows: held.state.rows.saturating_add(rows),
        };
        let detail = serde_json::to_string(&detail).unwrap_or_default();
        let next = Record {
            detail,
            updated_at_ms: now_ms,
            ..self.held_until(&held.record, now_ms)
        };
        let next = if is_done { ended(&next, DONE) } else { next };
        self.write(next, held.record.version)
    }

    /// Gives the walk back.
    pub(super) fn release(&self, held: &Held) -> Result<(), StoreError> {
        if held.record.state == RUNNING {
            // Another runner that has it by now is right to have it.
            self.write(ended(&held.record, IDLE), held.record.version)?;
        }
        Ok(())
    }

    /// Back to the start.
    pub(super) fn reset(&self) -> Result<(), StoreError> {
        for _ in 0..RACES_AT_MOST {
            let Some(stored) = self.store.read(Kind::Cursor, &self.key)? else {
                return Ok(());
            };
            let start = Record {
                detail: "{}".to_owned(),
                updated_at_ms: self.store.now_ms()?,
                ..ended(&stored, IDLE)
            };
            if self.write(start, stored.version)?.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::lost_race())
    }

    fn held_until(&self, record: &Record, now_ms: i64) -> Record {
        let until_ms = now_ms.saturating_add(millis(self.lease));
        Record {
            state: RUNNING.to_owned(),
            due_at_ms: until_ms,
            lease_until_ms: until_ms,
            ..record.clone()
        }
    }

    fn write(&self, next: Record, version: i64) -> Result<Option<Held>, StoreError> {
        if !self.store.replace(Kind::Cursor, &next, version)? {
            return Ok(None);
        }
        let record = Record {
            version: version.saturating_add(1),
            ..next
        };
        let state = state_of(&record);
        Ok(Some(Held { record, state }))
    }
}

fn ended(record: &Record, state: &str) -> Record {
    Record {
        state: state.to_owned(),
        lease_until_ms: 0,
        ..record.clone()
    }
}

fn state_of(record: &Record) -> BackfillState {
    let detail: Detail = serde_json::from_str(&record.detail).unwrap_or_default();
    BackfillState {
        cursor: detail.cursor,
        rows: detail.rows,
        is_done: record.state == DONE,
        updated_at_ms: record.updated_at_ms,
    }
}
