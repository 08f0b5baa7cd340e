//! The snapshots that a list no longer names.
//!
//! They are looked for in two passes: the first counts them and decides whether the list can be
//! believed, the second makes them gone, so that an implausible list has no effect at all. A row
//! that was written since the run began is not absent: the list may be older than it.

use std::collections::HashSet;

use super::{BackfillError, Deletions, Difference, ReconcileOptions, ReconcileReport, short};
use crate::http::Fetch;
use crate::snapshot::list::Alive;
use crate::snapshot::row::{self, Cause, Detail, Seen, next};
use crate::snapshot::{Snapshots, fetching, write};
use crate::store::{Kind, Query, Record, StoreError};

/// Rows that are looked at, and made gone, in one step.
const STEP: usize = 200;

/// The sweep of one run.
pub(super) struct Absent<'a> {
    snapshots: &'a Snapshots,
    resource: &'a str,
    options: &'a ReconcileOptions,
    began_at_ms: i64,
}

impl<'a> Absent<'a> {
    pub(super) fn new(
        snapshots: &'a Snapshots,
        resource: &'a str,
        options: &'a ReconcileOptions,
        began_at_ms: i64,
    ) -> Self {
        Self {
            snapshots,
            resource,
            options,
            began_at_ms,
        }
    }

    /// Counts, decides, and makes gone.
    pub(super) fn sweep(
        &self,
        fetch: &dyn Fetch,
        listed: &HashSet<u64>,
        report: &mut ReconcileReport,
        alive: &mut Alive<'_>,
    ) -> Result<(), BackfillError> {
        self.each_step(alive, &mut |rows| {
            for row in rows.iter().filter(|row| !Detail::of(row).gone) {
                report.known += 1;
                if self.is_absent(row, listed) {
                    report.found(Difference::Absent, &row.label);
                }
            }
            Ok(())
        })?;
        if !self.options.is_forced {
            report.refused = refusal(report, self.options.max_absent);
        }
        if report.refused.is_some() || self.options.is_dry_run || report.absent == 0 {
            return Ok(());
        }
        let mut repaired = 0;
        self.each_step(alive, &mut |rows| {
            let absent: Vec<&Record> = rows
                .iter()
                .filter(|row| self.is_absent(row, listed))
                .collect();
            repaired += match self.options.deletions {
                Deletions::Confirm => self.ask_for(fetch, &absent)?,
                Deletions::Absent | Deletions::Keep => self.make_gone(&absent)?,
            };
            Ok(())
        })?;
        report.repaired += repaired;
        Ok(())
    }

    fn is_absent(&self, row: &Record, listed: &HashSet<u64>) -> bool {
        let detail = Detail::of(row);
        !detail.gone
            && detail.fetched_at_ms < self.began_at_ms
            && !listed.contains(&short(&row.key))
    }

    /// Walks over the snapshots that are there.
    fn each_step(
        &self,
        alive: &mut Alive<'_>,
        step: &mut dyn FnMut(&[Record]) -> Result<(), BackfillError>,
    ) -> Result<(), BackfillError> {
        let entity = self.snapshots.entity(self.resource, "")?;
        let scope = entity.scope();
        let shape = entity.rule.schema.version;
        for standing in [row::CURRENT, row::OWED] {
            for state in row::states_up_to(standing, shape) {
                let states = [state.as_str()];
                let mut query = Query {
                    states: &states,
                    scope: Some(&scope),
                    limit: STEP,
                    ..Query::default()
                };
                loop {
                    let rows = self.snapshots.store().find(Kind::Snapshot, &query)?;
                    let Some(last) = rows.last() else { break };
                    query.after = Some((last.due_at_ms, last.key));
                    step(&rows)?;
                    alive()?;
                }
            }
        }
        Ok(())
    }

    /// In one transaction; a row that another writer was at meanwhile stays.
    fn make_gone(&self, absent: &[&Record]) -> Result<u64, BackfillError> {
        let store = self.snapshots.store().as_ref();
        let mut repaired = 0;
        store.atomically(&mut || {
            for row in absent {
                let Ok(entity) = self.snapshots.entity(self.resource, &row.label) else {
                    continue;
                };
                let asked_at_ms = self.began_at_ms;
                let gone = next(
                    &entity,
                    Some(row),
                    &Seen::Gone,
                    Cause::Reconcile,
                    asked_at_ms,
                );
                repaired += u64::from(write(store, &gone)?);
            }
            Ok::<(), StoreError>(())
        })?;
        Ok(repaired)
    }

    /// Asks the vendor for each by its id: only what it does not have any more is gone.
    fn ask_for(&self, fetch: &dyn Fetch, absent: &[&Record]) -> Result<u64, BackfillError> {
        let mut repaired = 0;
        for row in absent {
            let entity = self.snapshots.entity(self.resource, &row.label)?;
            let store = self.snapshots.store().as_ref();
            let looked = fetching::look(store, fetch, &entity, Cause::Reconcile, None)?;
            if looked.next.is_changed && write(store, &looked.next)? {
                repaired += 1;
            }
        }
        Ok(repaired)
    }
}

/// Why a list that lacks so many is not believed.
fn refusal(report: &ReconcileReport, max_absent: f64) -> Option<String> {
    if report.absent == 0 {
        return None;
    }
    if report.listed == report.deleted {
        return Some(format!(
            "the list is empty, and {} snapshots are known",
            report.known
        ));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let (absent, known) = (report.absent as f64, report.known as f64);
    // One may always be absent, or a handful of rows could never lose any.
    let is_plausible = report.absent == 1 || absent <= known * max_absent;
    (!is_plausible).then(|| {
        format!(
            "the list lacks {} of {} known snapshots, more than the share of {max_absent} that \
             max_absent allows",
            report.absent, report.known
        )
    })
}
