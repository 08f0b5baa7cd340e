//! The row that says where a walk stands, and who walks.
//!
//! | state | means |
//! |---|---|
//! | idle | nobody walks, or the runner's lease ran out |
//! | running | held until `lease_until_ms` by the runner that knows the version |
//! | done | the list's end was reached; a walk by time keeps its place |
//!
//! Every write is a compare-and-replace on the version that the runner wrote last, so the version
//! is its fencing token: a runner that slept through its lease while another went on writes
//! nothing. A runner whose lease ran out with nobody behind it goes on.

use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BackfillError, BackfillState};
use crate::clock;
use crate::snapshot::freshness::millis;
use crate::snapshot::list::Place;
use crate::snapshot::{SnapshotError, Snapshots};
use crate::store::{Key, Kind, Record, Store, StoreError};

const IDLE: &str = "idle";
const RUNNING: &str = "running";
const DONE: &str = "done";
/// No lease is longer: the options allow no more.
const LEASE_AT_MOST: Duration = Duration::from_hours(1);
/// How often a runner looks whether the lease of a dead one ended.
const LEASE_LOOK: Duration = Duration::from_millis(250);
/// How often a write is tried again when another runner was first.
const RACES_AT_MOST: usize = 5;

/// `detail` in the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    cursor: Option<String>,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
}

/// The walk as its runner holds it.
#[derive(Clone, Debug)]
pub(in crate::snapshot) struct Held {
    record: Record,
    pub(super) state: BackfillState,
    page_size: Option<u32>,
}

impl Held {
    fn of(record: Record) -> Self {
        let detail: Detail = serde_json::from_str(&record.detail).unwrap_or_default();
        Self {
            state: state_of(&record),
            page_size: detail.page_size,
            record,
        }
    }

    /// Where the walk goes on.
    pub(super) fn place(&self) -> Place {
        Place {
            at: self.state.cursor.clone(),
            size: self.page_size,
            is_end: self.state.is_done,
        }
    }
}

/// The row of one walk.
pub(in crate::snapshot) struct Cursor {
    store: Rc<dyn Store>,
    key: Key,
    scope: String,
    resource: String,
    lease: Duration,
}

impl Cursor {
    /// The row of a walk over this resource; `purpose` keeps walks of different kinds apart.
    ///
    /// # Errors
    /// An unknown resource.
    pub(in crate::snapshot) fn new(
        snapshots: &Snapshots,
        purpose: &[u8],
        resource: &str,
        lease: Duration,
    ) -> Result<Self, SnapshotError> {
        let entity = snapshots.entity(resource, "")?;
        let connection = snapshots.connection().as_bytes();
        Ok(Self {
            store: snapshots.store().clone(),
            key: Key::of(&[purpose, connection, resource.as_bytes()]),
            scope: entity.scope(),
            resource: resource.to_owned(),
            lease,
        })
    }

    /// Where the walk stands.
    pub(super) fn state(&self) -> Result<BackfillState, StoreError> {
        Ok(self
            .store
            .read(Kind::Cursor, &self.key)?
            .map_or_else(Default::default, |it| state_of(&it)))
    }

    /// Takes the walk, once the lease of a runner that died has ended; a living one renews it, and
    /// then this one hears that the walk is in progress.
    pub(in crate::snapshot) fn claim_patiently(&self) -> Result<Held, BackfillError> {
        let patience = self.lease.saturating_add(LEASE_LOOK);
        let deadline = clock::monotonic().saturating_add(patience);
        loop {
            if let Some(held) = self.claim()? {
                return Ok(held);
            }
            let left = deadline.since(clock::monotonic());
            if left.is_zero() {
                return Err(BackfillError::InProgress {
                    scope: self.scope.clone(),
                });
            }
            clock::wait_blocking(LEASE_LOOK.min(left));
        }
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
        // A lease that reaches further than any is of a clock that was set back since.
        let latest_ms = now_ms.saturating_add(millis(LEASE_AT_MOST));
        let is_held = (now_ms.saturating_add(1)..=latest_ms).contains(&stored.lease_until_ms);
        if stored.state == RUNNING && is_held {
            return Ok(None);
        }
        // A walk by time has kept its place at the end, and goes on from there.
        if stored.state == DONE && state_of(&stored).cursor.is_none() {
            return Ok(Some(Held::of(stored)));
        }
        let token = stored.token.saturating_add(1);
        let next = Record {
            token,
            ..self.held_until(&stored, now_ms)
        };
        self.write(next, stored.version)
    }

    /// Prolongs the lease; `None` when another runner has the walk.
    pub(in crate::snapshot) fn renew(&self, held: &Held) -> Result<Option<Held>, StoreError> {
        let next = self.held_until(&held.record, self.store.now_ms()?);
        self.write(next, held.record.version)
    }

    /// Prolongs the lease once a third of it has gone; `None` when another runner has the walk.
    pub(in crate::snapshot) fn renew_when_old(
        &self,
        held: &Held,
    ) -> Result<Option<Held>, StoreError> {
        let left_ms = held.record.lease_until_ms - self.store.now_ms()?;
        if left_ms > millis(self.lease) / 3 * 2 {
            return Ok(Some(held.clone()));
        }
        self.renew(held)
    }

    /// Moves on behind a chunk, inside its transaction, and prolongs the lease; `None` when
    /// another runner has the walk.
    pub(super) fn advance(
        &self,
        held: &Held,
        place: &Place,
        rows: u64,
    ) -> Result<Option<Held>, StoreError> {
        let now_ms = self.store.now_ms()?;
        let detail = Detail {
            cursor: place.at.clone(),
            rows: held.state.rows.saturating_add(rows),
            page_size: place.size,
        };
        let detail = serde_json::to_string(&detail).unwrap_or_default();
        let next = Record {
            detail,
            updated_at_ms: now_ms,
            ..self.held_until(&held.record, now_ms)
        };
        let next = if place.is_end {
            ended(&next, DONE)
        } else {
            next
        };
        self.write(next, held.record.version)
    }

    /// Gives the walk back with what it came to, which [`Cursor::last`] tells.
    pub(in crate::snapshot) fn finish(&self, held: &Held, told: Vec<u8>) -> Result<(), StoreError> {
        let next = Record {
            updated_at_ms: self.store.now_ms()?,
            payload: Some(told),
            ..ended(&held.record, IDLE)
        };
        self.write(next, held.record.version)?;
        Ok(())
    }

    /// What the last walk that ended came to, and when, Unix milliseconds.
    pub(in crate::snapshot) fn last(&self) -> Result<Option<(Vec<u8>, i64)>, StoreError> {
        let stored = self.store.read(Kind::Cursor, &self.key)?;
        Ok(stored.and_then(|it| Some((it.payload?, it.updated_at_ms))))
    }

    /// Gives the walk back.
    pub(in crate::snapshot) fn release(&self, held: &Held) -> Result<(), StoreError> {
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
        Ok(Some(Held::of(record)))
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
