//! One snapshot for a page: fresh, or stale and remembered, or fetched within the page's deadline.
//!
//! Of the workers of a host one fetches what is missing; the others look at the store meanwhile.

use std::time::Duration;

use super::Snapshots;
use crate::clock::{self, Monotonic};
use crate::http::Fetch;
use crate::snapshot::fetching::{self, missing};
use crate::snapshot::freshness::Freshness;
use crate::snapshot::row::Entity;
use crate::snapshot::{Sighting, Snapshot, SnapshotError};

/// Stale ones that are remembered for the refresh after the response; further ones come again.
const STALE_AT_MOST: usize = 64;
/// A follower looks at the store so often.
pub(super) const FOLLOW_EVERY: Duration = Duration::from_millis(20);

impl Snapshots {
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

    pub(super) fn get_before(
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
    pub(super) fn presentable(
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

    pub(super) fn remember_stale(&self, entity: &Entity<'_>) {
        let name = (entity.resource.to_owned(), entity.id.to_owned());
        let mut stale = self.stale.borrow_mut();
        if stale.len() < STALE_AT_MOST && !stale.contains(&name) {
            stale.push_back(name);
        }
    }
}

/// What a page is told when a fetch failed: its snapshot is missing, and why.
pub(super) fn as_missing(entity: &Entity<'_>, error: SnapshotError) -> SnapshotError {
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
