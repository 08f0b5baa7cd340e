//! Snapshots that are fetched anew: one now, or after the response what was served stale.

use std::time::Duration;

use super::Snapshots;
use crate::http::Fetch;
use crate::snapshot::{Invalidate, Snapshot, SnapshotError, fetching};
use crate::store::Key;

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

impl Snapshots {
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
}
