//! Tags that a changed snapshot owes: invalidated, then cleared, so that a kill in between repeats it.

use super::Snapshots;
use crate::snapshot::row::{self, Detail};
use crate::snapshot::{Invalidate, SnapshotError};
use crate::store::{Kind, Query, Record, StoreError};

impl Snapshots {
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
}
