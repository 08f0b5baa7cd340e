//! The snapshots of one connection: what pages, workers and the application do with them.

mod many;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::fetching::{self, Fetched, check_json, missing};
use super::freshness::Freshness;
use super::row::{self, Cause, Detail, Entity, Seen};
use super::{Invalidate, Leadership, Sighting, SingleFlight, Snapshot, SnapshotError, contraction};
use crate::clock::{self, Monotonic};
use crate::http::Fetch;
use crate::options::Resource;
use crate::store::{Key, Kind, Query, Record, Store, StoreError};

/// Stale ones that are remembered for the refresh after the response; further ones come again.
const STALE_AT_MOST: usize = 64;
/// A follower looks at the store so often.
const FOLLOW_EVERY: Duration = Duration::from_millis(20);
/// A refresh's lead ends by itself after this, should its process hang.
const REFRESH_LEAD: Duration = Duration::from_secs(60);

/// What a refresh of stale snapshots came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Their content changed.
    pub refreshed: usize,
    /// It is as it was.
    pub unchanged: usize,
    /// The vendor gave no usable answer; the rest was left for later.
    pub failed: usize,
    /// Another worker refreshes, or did.
    pub skipped: usize,
}

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

    /// The snapshot: fresh, or stale (and remembered for [`Snapshots::refresh_stale`]), or fetched
    /// now within the page's deadline, once for all workers of the host.
    ///
    /// # Errors
    /// Missing, with the cause, when there is none and none could be had; gone entities are
    /// missing too. An unknown resource. The store's error.
    pub fn get(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        id: &str,
    ) -> Result<Snapshot, SnapshotError> {
        let deadline = clock::monotonic().saturating_add(self.page);
        self.get_before(fetch, resource, id, deadline)
    }

    /// The snapshot as it is stored, whatever its age; never fetches.
    ///
    /// # Errors
    /// An unknown resource; the store's error.
    pub fn peek(&self, resource: &str, id: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let entity = self.entity(resource, id)?;
        Ok(self.stored(&entity)?.filter(|snapshot| !snapshot.is_gone()))
    }

    /// Fetches now, with revalidation. Tags that it comes to owe stay owed until
    /// [`Snapshots::settle`].
    ///
    /// # Errors
    /// Missing when the entity is gone; the call's error; an answer that cannot be kept.
    pub fn refresh(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        id: &str,
    ) -> Result<Snapshot, SnapshotError> {
        let entity = self.entity(resource, id)?;
        let fetched = fetching::look_and_write(self.store.as_ref(), fetch, &entity, None)?;
        fetching::view(self.store.as_ref(), &entity, fetched)
    }

    /// Refreshes what [`Snapshots::get`] served stale; to be called after the response. At most
    /// one worker of the host does so for a connection at a time. Ends with the first failure.
    ///
    /// # Errors
    /// The store's error; the invalidation's, whose tags stay owed.
    pub fn refresh_stale(
        &self,
        fetch: &dyn Fetch,
        mut invalidate: Option<&mut Invalidate<'_>>,
    ) -> Result<Refreshed, SnapshotError> {
        let stale = self.stale.take();
        let mut sum = Refreshed::default();
        if stale.is_empty() {
            return Ok(sum);
        }
        let key = Key::of(&[b"refresh", self.connection.as_bytes()]);
        let Some(_lead) = self.flight.try_lead(key.as_bytes(), REFRESH_LEAD) else {
            sum.skipped = stale.len();
            return Ok(sum);
        };
        for (resource, id) in stale {
            let entity = self.entity(&resource, &id)?;
            let stored = self.stored(&entity)?;
            if sum.failed > 0 || stored.is_some_and(|snapshot| !snapshot.is_stale()) {
                sum.skipped += 1;
                continue;
            }
            match fetching::look_and_write(self.store.as_ref(), fetch, &entity, None) {
                Ok(fetched) => {
                    if fetched.next.is_changed {
                        sum.refreshed += 1;
                    } else {
                        sum.unchanged += 1;
                    }
                    if let Some(invalidate) = invalidate.as_deref_mut() {
                        self.pay(&fetched.next.record, invalidate)?;
                    }
                }
                Err(error @ (SnapshotError::Store(_) | SnapshotError::Callback(_))) => {
                    return Err(error);
                }
                Err(_) => sum.failed += 1,
            }
        }
        Ok(sum)
    }

    /// Invalidates tags that a killed process owes; how many snapshots were settled.
    ///
    /// # Errors
    /// The invalidation's error, whose tags stay owed; the store's.
    pub fn settle(
        &self,
        invalidate: &mut Invalidate<'_>,
        limit: usize,
    ) -> Result<usize, SnapshotError> {
        let mut settled = 0_usize;
        for (resource, rule) in &self.resources {
            let scope = format!("{}/{resource}", self.connection);
            let states = row::states_up_to(row::OWED, rule.schema.version);
            let states: Vec<&str> = states.iter().map(String::as_str).collect();
            let query = Query {
                states: &states,
                scope: Some(&scope),
                limit: limit.saturating_sub(settled),
                ..Query::default()
            };
            for record in self.store.find(Kind::Snapshot, &query)? {
                self.pay(&record, invalidate)?;
                settled += 1;
            }
        }
        Ok(settled)
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

    /// Asks the vendor for an event's sake; the caller writes the result in its transaction.
    pub(crate) fn look_for_event(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        id: &str,
        event_id: &str,
    ) -> Result<Fetched, SnapshotError> {
        let entity = self.entity(resource, id)?;
        fetching::look(
            self.store.as_ref(),
            fetch,
            &entity,
            Cause::Event(event_id),
            None,
        )
    }

    /// What an event itself says about an entity: its content, or that it is no more. The caller
    /// writes the result in its transaction; what is older than the stored content leaves it.
    pub(crate) fn take_from_event(
        &self,
        resource: &str,
        id: &str,
        data: Option<&serde_json::Value>,
        is_gone: bool,
        event_id: &str,
    ) -> Result<Fetched, SnapshotError> {
        let entity = self.entity(resource, id)?;
        contraction::check(self.store.as_ref(), &entity)?;
        let unusable = |message: &str| SnapshotError::Unusable {
            connection: self.connection.clone(),
            resource: resource.to_owned(),
            id: id.to_owned(),
            message: message.to_owned(),
        };
        let data = data.ok_or_else(|| unusable("the event has no data where they should be"))?;
        let pointer = entity.rule.order.as_deref().unwrap_or_default();
        let rank = data.pointer(pointer).and_then(super::order::rank);
        let rank = rank.ok_or_else(|| unusable("the event's data have no order"))?;
        let seen = if is_gone {
            Seen::GoneAt(rank)
        } else {
            Seen::Content {
                json: data.to_string().into_bytes(),
                etag: None,
                last_modified: None,
            }
        };
        let stored = self.store.read(Kind::Snapshot, &entity.key())?;
        let now_ms = self.store.now_ms()?;
        let cause = Cause::Event(event_id);
        let stored = stored.as_ref();
        Ok(fetching::would_write(&entity, stored, &seen, cause, now_ms))
    }

    /// Invalidates what the record owes, then clears it. Another writer may have been at the
    /// record since: then what it owes is that writer's to pay.
    pub(crate) fn pay(
        &self,
        record: &Record,
        invalidate: &mut Invalidate<'_>,
    ) -> Result<(), SnapshotError> {
        if row::standing_and_shape(&record.state).0 == row::OWED {
            invalidate(&Detail::of(record).owed_tags)?;
            self.clear_owed(record)?;
        }
        Ok(())
    }

    /// Marks a record's tags as paid.
    pub(crate) fn clear_owed(&self, record: &Record) -> Result<(), StoreError> {
        if let Some(paid) = row::paid(record, self.store.now_ms()?) {
            self.store.replace(Kind::Snapshot, &paid, record.version)?;
        }
        Ok(())
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

    fn get_before(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        id: &str,
        deadline: Monotonic,
    ) -> Result<Snapshot, SnapshotError> {
        let entity = self.entity(resource, id)?;
        if let Some(known) = self.presentable(&entity)? {
            let sighting = match known {
                Ok(ref snapshot) if snapshot.is_stale() => Sighting::Stale,
                Ok(_) | Err(_) => Sighting::Fresh,
            };
            self.flight.note(sighting);
            if sighting == Sighting::Stale {
                self.remember_stale(&entity);
            }
            return known;
        }
        self.flight.note(Sighting::Missing);
        self.fetch_once(fetch, &entity, deadline)
    }

    /// What can be told without asking the vendor; `None` when it must be asked.
    fn presentable(
        &self,
        entity: &Entity<'_>,
    ) -> Result<Option<Result<Snapshot, SnapshotError>>, SnapshotError> {
        let Some(snapshot) = self.stored(entity)? else {
            return Ok(None);
        };
        Ok(match (snapshot.is_gone(), snapshot.freshness()) {
            (false, Freshness::Fresh | Freshness::Stale) => Some(Ok(snapshot)),
            // That it is gone is known, and fresh as any other answer.
            (true, Freshness::Fresh) => Some(Err(missing(entity, None))),
            (true, Freshness::Stale | Freshness::TooStale) | (false, Freshness::TooStale) => None,
        })
    }

    /// Fetches, or waits for the worker of this host that does.
    fn fetch_once(
        &self,
        fetch: &dyn Fetch,
        entity: &Entity<'_>,
        deadline: Monotonic,
    ) -> Result<Snapshot, SnapshotError> {
        let key = entity.key();
        let mut has_followed = false;
        loop {
            let left = deadline.since(clock::monotonic());
            if left.is_zero() {
                return Err(missing(entity, None));
            }
            let lead = self.flight.try_lead(key.as_bytes(), left + FOLLOW_EVERY);
            // Another worker may have stored it since it was found missing.
            if let Some(known) = self.presentable(entity)? {
                if has_followed {
                    self.flight.note(Sighting::Coalesced);
                }
                return known;
            }
            if lead.is_some() {
                let store = self.store.as_ref();
                return fetching::look_and_write(store, fetch, entity, Some(left))
                    .and_then(|fetched| fetching::view(store, entity, fetched))
                    .map_err(|error| as_missing(entity, error));
            }
            has_followed = true;
            clock::wait_blocking(FOLLOW_EVERY.min(left));
        }
    }

    fn remember_stale(&self, entity: &Entity<'_>) {
        let name = (entity.resource.to_owned(), entity.id.to_owned());
        let mut stale = self.stale.borrow_mut();
        if stale.len() < STALE_AT_MOST && !stale.contains(&name) {
            stale.push_back(name);
        }
    }
}

/// What a page is told when a fetch failed: its snapshot is missing, and why.
fn as_missing(entity: &Entity<'_>, error: SnapshotError) -> SnapshotError {
    match error {
        SnapshotError::Call(cause) => missing(entity, Some(cause)),
        SnapshotError::Missing { .. }
        | SnapshotError::Unusable { .. }
        | SnapshotError::UnknownResource { .. }
        | SnapshotError::OldShapes { .. }
        | SnapshotError::Contracted { .. }
        | SnapshotError::Store(_)
        | SnapshotError::Callback(_) => error,
    }
}

#[cfg(test)]
mod tests;
