//! The snapshots of one connection: what pages, workers and the application do with them.
//!
//! | file | for whom |
//! |---|---|
//! | `page.rs`, `many.rs` | a page: what is stored, else fetched once for all workers of the host |
//! | `refresh.rs` | whoever fetches now, or after the response |
//! | `event.rs` | the inbox: what an event makes of an entity |
//! | `owed.rs` | tags that are owed, and paid |

mod event;
mod many;
mod owed;
mod page;
mod refresh;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::fetching::{self, Fetched, check_json};
use super::row::{self, Cause, Entity, Seen};
use super::{SingleFlight, Snapshot, SnapshotError, contraction};
use crate::options::Resource;
use crate::store::{Kind, Store, StoreError};
pub use refresh::Refreshed;

/// The last good answers of a connection.
pub struct Snapshots {
    store: Rc<dyn Store>,
    connection: String,
    resources: BTreeMap<String, Resource>,
    page: Duration,
    flight: Rc<dyn SingleFlight>,
    /// Resource and id of what was served stale.
    stale: RefCell<VecDeque<(String, String)>>,
}

impl Snapshots {
    /// The snapshots of a connection: the facts of its plan, and who leads a fetch.
    pub fn new(
        store: Rc<dyn Store>,
        connection: &str,
        resources: BTreeMap<String, Resource>,
        page: Duration,
        flight: Rc<dyn SingleFlight>,
    ) -> Self {
        let connection = connection.to_owned();
        Self {
            store,
            connection,
            resources,
            page,
            flight,
            stale: RefCell::default(),
        }
    }

    /// Where they are.
    pub fn store(&self) -> &Rc<dyn Store> {
        &self.store
    }

    /// The connection's name.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// The snapshot as it is stored, whatever its age; never fetches.
    ///
    /// # Errors
    /// An unknown resource; the store's error.
    pub fn peek(&self, resource: &str, id: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let entity = self.entity(resource, id)?;
        Ok(self.stored(&entity)?.filter(|snapshot| !snapshot.is_gone()))
    }

    /// Stores data that the application has, as if the vendor had answered it now.
    ///
    /// # Errors
    /// When it is no JSON, or its shape may not be written any more; an unknown resource; the
    /// store's error.
    pub fn put(&self, resource: &str, id: &str, json: &[u8]) -> Result<Snapshot, SnapshotError> {
        let entity = self.entity(resource, id)?;
        check_json(&entity, json)?;
        contraction::check(self.store.as_ref(), &entity)?;
        let seen = Seen::Content {
            json: json.to_vec(),
            etag: None,
            last_modified: None,
        };
        for _ in 0..fetching::RACES_AT_MOST {
            let stored = self.store.read(Kind::Snapshot, &entity.key())?;
            let now_ms = self.store.now_ms()?;
            let next = row::next(&entity, stored.as_ref(), &seen, Cause::Put, now_ms);
            if fetching::write(self.store.as_ref(), &next)? {
                let fetched = Fetched {
                    next,
                    json: Some(json.to_vec()),
                };
                return fetching::view(self.store.as_ref(), &entity, fetched);
            }
        }
        Err(StoreError::lost_race().into())
    }

    /// Deletes the snapshot; whether there was one.
    ///
    /// # Errors
    /// An unknown resource; the store's error.
    pub fn forget(&self, resource: &str, id: &str) -> Result<bool, SnapshotError> {
        let entity = self.entity(resource, id)?;
        Ok(self.store.delete(Kind::Snapshot, &entity.key())?)
    }

    /// An entity of this connection.
    pub(crate) fn entity<'a>(
        &'a self,
        resource: &'a str,
        id: &'a str,
    ) -> Result<Entity<'a>, SnapshotError> {
        let connection = &self.connection;
        let Some(rule) = self.resources.get(resource) else {
            let known: Vec<&str> = self.resources.keys().map(String::as_str).collect();
            return Err(SnapshotError::UnknownResource {
                connection: connection.clone(),
                resource: resource.to_owned(),
                known: known.join(", "),
            });
        };
        Ok(Entity {
            connection,
            resource,
            id,
            rule,
        })
    }

    /// Refuses a walk that would write a shape which may not be written any more.
    pub(crate) fn check_shape(&self, resource: &str) -> Result<(), SnapshotError> {
        contraction::check(self.store.as_ref(), &self.entity(resource, "")?)
    }

    fn stored(&self, entity: &Entity<'_>) -> Result<Option<Snapshot>, SnapshotError> {
        let Some(record) = self.store.read(Kind::Snapshot, &entity.key())? else {
            return Ok(None);
        };
        // What is older than the shapes that are read counts as missing.
        if row::standing_and_shape(&record.state).1 < entity.rule.schema.from {
            return Ok(None);
        }
        Ok(Some(Snapshot::of(entity, record, self.store.now_ms()?)))
    }
}

#[cfg(test)]
mod tests;
