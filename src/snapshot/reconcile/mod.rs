//! Compares the snapshots of a resource with the vendor's list, and repairs what differs.
//!
//! Every item of the list is compared with the snapshot of its id by its values, and only a
//! difference is written: a row that is missing, that has other content, or that the vendor marks
//! as deleted. What the list no longer names can be made gone as well (`deletions`): at once, or
//! after the vendor was asked for each of them by its id. A vendor that suddenly answers with an
//! empty list, or one that lacks more than a share of what is known, is not believed: nothing is
//! made gone then, and the report says so.
//!
//! A snapshot that was fetched after the page was asked for is newer than the page and stays. One
//! runner at a time, under a lease. A run that is killed is begun anew: what it repaired is then
//! found to be the same. The last report is kept in the walk's row.

mod absent;
mod report;

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use super::backfill::{BackfillError, Cursor, Held, LEASE, is_a_stop, seen_of};
use super::list::{ListOptions, Place, Row, Walk};
use super::row::{Cause, Detail, Next, next};
use super::{SnapshotError, Snapshots, write};
use crate::http::Fetch;
use crate::options::{Fields, OptionError, Value};
use crate::store::{CallbackError, Key, Kind, StoreError};
use crate::testing::failpoint;
use absent::Absent;
pub use report::{Difference, ReconcileReport};

/// What becomes of a snapshot whose entity the list no longer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletions {
    /// It stays; only what the vendor marks as deleted goes.
    Keep,
    /// It is gone.
    Absent,
    /// The vendor is asked for it by its id.
    Confirm,
}

/// How a list is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconcileOptions {
    /// The list.
    pub list: ListOptions,
    /// What becomes of the absent ones.
    pub deletions: Deletions,
    /// Where more than this share of what is known is absent, the list is not believed.
    pub max_absent: f64,
    /// The list is believed, whatever is absent.
    pub is_forced: bool,
    /// Nothing is written.
    pub is_dry_run: bool,
    /// How long a runner that died keeps others out.
    pub lease: Duration,
}

impl ReconcileOptions {
    /// Parses the list's options, `deletions`, `max_absent`, `force`, `dry_run` and `lease_ms`.
    ///
    /// # Errors
    /// The first option that is missing, unknown, of a wrong type or out of range.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::new(options)?;
        let choices = [
            ("keep", Deletions::Keep),
            ("absent", Deletions::Absent),
            ("confirm", Deletions::Confirm),
        ];
        // A backfill's own, so that both can be declared in one place.
        fields.int("chunk", 1..=100_000)?;
        let parsed = Self {
            list: ListOptions::take(&mut fields)?,
            deletions: fields
                .one_of("deletions", &choices)?
                .unwrap_or(Deletions::Keep),
            max_absent: fields.number("max_absent", 0.0..=1.0)?.unwrap_or(0.1),
            is_forced: fields.flag("force")?.unwrap_or(false),
            is_dry_run: fields.flag("dry_run")?.unwrap_or(false),
            lease: fields.millis("lease_ms", 100..=3_600_000)?.unwrap_or(LEASE),
        };
        fields.finish()?;
        Ok(parsed)
    }
}

/// Told after each page: items so far, and the total where the vendor says it.
type Progress<'a> = dyn FnMut(u64, Option<u64>) -> Result<(), CallbackError> + 'a;

/// A comparison of one resource with its list.
pub struct Reconcile {
    snapshots: Rc<Snapshots>,
    resource: String,
    options: ReconcileOptions,
    cursor: Cursor,
}

impl Reconcile {
    /// A comparison with the list in these options.
    ///
    /// # Errors
    /// An unknown resource.
    pub fn new(
        snapshots: Rc<Snapshots>,
        resource: &str,
        options: ReconcileOptions,
    ) -> Result<Self, SnapshotError> {
        let cursor = Cursor::new(&snapshots, b"reconcile", resource, options.lease)?;
        Ok(Self {
            snapshots,
            resource: resource.to_owned(),
            options,
            cursor,
        })
    }

    /// Compares the whole list, and repairs. A pause or an interruption ends it early, and then
    /// nothing is made gone for being absent.
    ///
    /// # Errors
    /// When another runner has it; the vendor's, the store's or the callback's error. What was
    /// repaired stays repaired.
    pub fn run(
        &self,
        fetch: &dyn Fetch,
        progress: Option<&mut Progress<'_>>,
    ) -> Result<ReconcileReport, BackfillError> {
        self.snapshots.check_shape(&self.resource)?;
        let mut held = self.cursor.claim_patiently()?;
        match self.compare(fetch, progress, &mut held) {
            Ok(report) => {
                self.cursor.finish(&held, report.to_json().into_bytes())?;
                Ok(report)
            }
            Err(error) => {
                // Where this fails, the lease ends by itself; the run's own error counts.
                let _ = self.cursor.release(&held);
                Err(error)
            }
        }
    }

    /// The report of the last run that ended, as JSON, and when, Unix milliseconds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last(&self) -> Result<Option<(String, i64)>, BackfillError> {
        let last = self.cursor.last()?;
        Ok(last.map(|(json, at_ms)| (String::from_utf8_lossy(&json).into_owned(), at_ms)))
    }

    fn compare(
        &self,
        fetch: &dyn Fetch,
        mut progress: Option<&mut Progress<'_>>,
        held: &mut Held,
    ) -> Result<ReconcileReport, BackfillError> {
        let store = self.snapshots.store();
        let began_at_ms = store.now_ms()?;
        let now_ms = || store.now_ms();
        let mut report = ReconcileReport::new(self.options.is_dry_run);
        let mut listed = HashSet::new();
        let connection = self.snapshots.connection();
        let mut walk = Walk::from(&self.options.list, connection, Place::default(), 0);
        while !walk.place.is_end {
            let found = walk.next(fetch, &now_ms, &mut || self.stay_alive(held));
            let found = match found.map_err(BackfillError::from) {
                Ok(found) => found,
                Err(error) if is_a_stop(&error) => return Ok(report),
                Err(error) => return Err(error),
            };
            self.compare_page(&found.rows, &mut report, &mut listed)?;
            self.stay_alive(held)?;
            if let Some(progress) = progress.as_deref_mut() {
                progress(report.listed, found.total)?;
            }
        }
        report.is_complete = true;
        if self.options.deletions != Deletions::Keep {
            let absent = Absent::new(&self.snapshots, &self.resource, &self.options, began_at_ms);
            absent.sweep(fetch, &listed, &mut report, &mut || self.stay_alive(held))?;
        }
        Ok(report)
    }

    /// Renews the lease where it has grown old.
    fn stay_alive(&self, held: &mut Held) -> Result<(), StoreError> {
        match self.cursor.renew_when_old(held)? {
            Some(renewed) => *held = renewed,
            None => return Err(StoreError::lost_race()),
        }
        Ok(())
    }

    /// Compares outside a transaction, and writes a page's repairs in one.
    fn compare_page(
        &self,
        rows: &[Row],
        report: &mut ReconcileReport,
        listed: &mut HashSet<u64>,
    ) -> Result<(), BackfillError> {
        let mut repairs = Vec::new();
        for row in rows {
            let (key, difference, repair) = self.look_at(row)?;
            if self.options.deletions != Deletions::Keep && !row.is_deleted {
                listed.insert(short(&key));
            }
            report.found(difference, &row.id);
            repairs.extend(repair);
        }
        report.repaired += self.repair(&repairs)?;
        Ok(())
    }

    fn look_at(&self, row: &Row) -> Result<(Key, Difference, Option<Next>), BackfillError> {
        let entity = self.snapshots.entity(&self.resource, &row.id)?;
        let key = entity.key();
        let stored = self.snapshots.store().read(Kind::Snapshot, &key)?;
        let detail = stored.as_ref().map(Detail::of);
        let seen = seen_of(row);
        let would = || {
            let asked_at_ms = row.asked_at_ms;
            next(
                &entity,
                stored.as_ref(),
                &seen,
                Cause::Reconcile,
                asked_at_ms,
            )
        };
        let difference = match &detail {
            None if row.is_deleted => Difference::Same,
            None => Difference::Missing,
            Some(detail) if detail.gone && row.is_deleted => Difference::Same,
            Some(detail) if detail.fetched_at_ms >= row.asked_at_ms => Difference::Newer,
            Some(_) if row.is_deleted => Difference::Deleted,
            Some(_) => {
                let would = would();
                return Ok(if would.is_outrun {
                    (key, Difference::Newer, None)
                } else if would.is_changed {
                    (key, Difference::Changed, Some(would))
                } else {
                    (key, Difference::Same, None)
                });
            }
        };
        let repair = match difference {
            Difference::Missing | Difference::Deleted => Some(would()),
            Difference::Same | Difference::Newer | Difference::Changed | Difference::Absent => None,
        };
        Ok((key, difference, repair))
    }

    /// Writes repairs in one transaction; how many stood. A row that another writer was at
    /// meanwhile is newer than what the list said.
    fn repair(&self, repairs: &[Next]) -> Result<u64, BackfillError> {
        if self.options.is_dry_run || repairs.is_empty() {
            return Ok(0);
        }
        let store = self.snapshots.store().as_ref();
        pass("reconcile.before_repair")?;
        let mut repaired = 0;
        store.atomically(&mut || {
            for repair in repairs {
                repaired += u64::from(write(store, repair)?);
            }
            failpoint::hit("reconcile.inside_repair", true)?;
            Ok(())
        })?;
        pass("reconcile.after_repair")?;
        Ok(repaired)
    }
}

/// Eight bytes of a key: a list of a million ids is remembered in few megabytes. Two keys of one
/// number would only make an absent row stay.
fn short(key: &Key) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(key.as_bytes()) {
        *to = *from;
    }
    u64::from_ne_bytes(bytes)
}

fn pass(name: &'static str) -> Result<(), BackfillError> {
    failpoint::hit(name, true).map_err(|stopped| StoreError::from(stopped).into())
}

#[cfg(test)]
mod tests;
