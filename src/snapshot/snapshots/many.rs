//! Many snapshots for one page: what is missing is fetched at the same time.
//!
//! Of the missing ones, those that no other worker of the host is fetching are asked for together,
//! under one page deadline; for the others this worker waits afterwards, as it would for one.

use std::collections::HashMap;

use super::Snapshots;
use super::page::{FOLLOW_EVERY, as_missing};
use crate::clock::{self, Monotonic};
use crate::http::Fetch;
use crate::snapshot::fetching::{self, Question};
use crate::snapshot::row::Cause;
use crate::snapshot::{Leadership, Sighting, Snapshot, SnapshotError};

/// So many are asked for at the same time.
const TOGETHER: usize = 8;

/// A missing one that this worker fetches.
struct Led<'a> {
    id: &'a str,
    question: Question,
    /// Held until it is stored.
    _lead: Box<dyn Leadership>,
}

impl Snapshots {
    /// As [`Snapshots::get`] for many, under one page deadline; those that could not be had are
    /// left out.
    ///
    /// # Errors
    /// An unknown resource; the store's error; the caller stopped waiting.
    pub fn many(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        ids: &[String],
    ) -> Result<Vec<(String, Snapshot)>, SnapshotError> {
        let deadline = clock::monotonic().saturating_add(self.page);
        let mut fetched = self.fetch_missing(fetch, resource, ids, deadline)?;
        let mut found = Vec::new();
        for id in ids {
            let got = match fetched.remove(id.as_str()) {
                Some(got) => {
                    self.flight.note(Sighting::Missing);
                    got
                }
                None => self.get_before(fetch, resource, id, deadline),
            };
            match got {
                Ok(snapshot) => found.push((id.clone(), snapshot)),
                Err(
                    SnapshotError::Missing { .. }
                    | SnapshotError::Unusable { .. }
                    | SnapshotError::Contracted { .. },
                ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// What became of the missing ones that this worker leads.
    fn fetch_missing<'a>(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        ids: &'a [String],
        deadline: Monotonic,
    ) -> Result<HashMap<&'a str, Result<Snapshot, SnapshotError>>, SnapshotError> {
        let mut led: Vec<Led<'a>> = Vec::new();
        for id in ids {
            if !led.iter().any(|known| known.id == id)
                && let Some(missing) = self.lead(resource, id, deadline)?
            {
                led.push(missing);
            }
        }
        if led.len() < 2 {
            // One alone is fetched as any other.
            return Ok(HashMap::new());
        }
        let mut fetched = HashMap::new();
        for together in led.chunks_mut(TOGETHER) {
            let left = deadline.since(clock::monotonic());
            if left.is_zero() {
                // What was not asked for in time is missing, as a single one would be.
                break;
            }
            for missing in together.iter_mut() {
                missing.question.request.total = Some(left);
            }
            self.fetch_together(fetch, resource, together, &mut fetched)?;
        }
        Ok(fetched)
    }

    fn fetch_together<'a>(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        together: &[Led<'a>],
        fetched: &mut HashMap<&'a str, Result<Snapshot, SnapshotError>>,
    ) -> Result<(), SnapshotError> {
        let requests = together.iter().map(|it| it.question.request.clone());
        let answers = fetch.fetch_many(requests.collect())?;
        for (led, answer) in together.iter().zip(answers) {
            let entity = self.entity(resource, led.id)?;
            let store = self.store.as_ref();
            let seen = answer.map_err(SnapshotError::from).and_then(|answer| {
                fetching::conclusion(&entity, &led.question, answer, Cause::Fetch)
            });
            let got = match seen {
                // Another writer that was first is as right as we are: its row is shown.
                Ok(seen) if !fetching::write(store, &seen.next)? => continue,
                Ok(seen) => fetching::view(store, &entity, seen),
                Err(error) => Err(error),
            };
            fetched.insert(led.id, got.map_err(|error| as_missing(&entity, error)));
        }
        Ok(())
    }

    /// The lead over a missing one, unless another worker has it.
    fn lead<'a>(
        &self,
        resource: &str,
        id: &'a str,
        deadline: Monotonic,
    ) -> Result<Option<Led<'a>>, SnapshotError> {
        let entity = self.entity(resource, id)?;
        if self.presentable(&entity)?.is_some() {
            return Ok(None);
        }
        let left = deadline.since(clock::monotonic());
        let lead = self
            .flight
            .try_lead(entity.key().as_bytes(), left + FOLLOW_EVERY);
        let Some(lead) = lead else { return Ok(None) };
        let question = match fetching::question(self.store.as_ref(), &entity, Some(left)) {
            Ok(question) => question,
            // Missing like any other that cannot be had.
            Err(SnapshotError::Contracted { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Led {
            id,
            question,
            _lead: lead,
        }))
    }
}
