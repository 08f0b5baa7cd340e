//! A resumable walk over a vendor's list, by cursor, in chunks.
//!
//! The rows of a chunk and the cursor behind them are written in one transaction, so that a killed
//! run goes on without a gap or a double. A chunk is whole pages, as many as hold its number of
//! rows: a list can be resumed between pages only. One runner at a time: the cursor's row is held
//! under a lease that each chunk renews, and a token fences a runner that slept through it. Pages
//! become smaller where the vendor refuses large ones, and a walk waits where it is told to.
//!
//! A row never replaces a snapshot that was fetched after the page was asked for, so that a walk
//! of minutes does not undo what webhooks brought meanwhile. A row that is new owes no tags; one
//! whose content changed does. An item that the vendor marks as deleted makes its snapshot gone.
//! Losing the store starts the walk over.

mod cursor;

use std::rc::Rc;
use std::time::Duration;

use super::list::{ListOptions, Row, Walk};
use super::row::{Cause, Detail, Seen, next};
use super::{SnapshotError, Snapshots, write};
use crate::http::{CallErrorKind, Fetch};
use crate::options::{Fields, OptionError, Value};
use crate::store::{CallbackError, Kind, StoreError, StoreErrorKind};
use crate::testing::failpoint;
pub(super) use cursor::{Cursor, Held};

/// How often a chunk is written again when another writer was first at one of its rows.
const RACES_AT_MOST: usize = 5;
/// How long a runner that died keeps others out, when the options do not say.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// How a list is walked, and in which steps it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillOptions {
    /// The list.
    pub list: ListOptions,
    /// Rows a transaction, rounded up to whole pages.
    pub chunk: u32,
    /// How long a runner that died keeps others out.
    pub lease: Duration,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillReport {
    /// Rows that this run walked.
    pub rows: u64,
    /// Chunks that this run wrote.
    pub chunks: u64,
    /// The list's end was reached.
    pub is_done: bool,
}

/// Where a walk stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillState {
    /// Where the next chunk begins; `None` at the start and at the end.
    pub cursor: Option<String>,
    /// Rows since the start.
    pub rows: u64,
    /// The list's end was reached.
    pub is_done: bool,
    /// When the last chunk was written, Unix milliseconds; 0 when none ever was.
    pub updated_at_ms: i64,
}

/// Why a walk cannot go on; what was written stays.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The vendor, the store or the caller's own code failed.
    #[error("{0}")]
    Snapshot(SnapshotError),
    /// Another runner has it.
    #[error("another runner has the backfill of {scope}")]
    InProgress {
        /// Connection and resource.
        scope: String,
    },
    /// The lease was lost to another runner; the chunk was not written.
    #[error("the backfill's lease was lost to another runner")]
    LeaseLost,
}

impl<E: Into<SnapshotError>> From<E> for BackfillError {
    fn from(error: E) -> Self {
        Self::Snapshot(error.into())
    }
}

/// Told after each chunk: rows since the start, and the total where the vendor says it.
type Progress<'a> = dyn FnMut(u64, Option<u64>) -> Result<(), CallbackError> + 'a;

/// A walk that fills the snapshots of one resource.
pub struct Backfill {
    snapshots: Rc<Snapshots>,
    resource: String,
    options: BackfillOptions,
    cursor: Cursor,
}

/// The rows of a chunk.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    total: Option<u64>,
}

impl BackfillOptions {
    /// Parses the list's options, `chunk` and `lease_ms`.
    ///
    /// # Errors
    /// The first option that is missing, unknown, of a wrong type or out of range.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::new(options)?;
        let list = ListOptions::take(&mut fields)?;
        let chunk = fields.int("chunk", 1..=100_000)?;
        let lease = fields.millis("lease_ms", 100..=3_600_000)?;
        fields.finish()?;
        Ok(Self {
            list,
            chunk: chunk.and_then(|it| u32::try_from(it).ok()).unwrap_or(500),
            lease: lease.unwrap_or(LEASE),
        })
    }
}

impl Backfill {
    /// A walk over the list in these options.
    ///
    /// # Errors
    /// An unknown resource.
    pub fn new(
        snapshots: Rc<Snapshots>,
        resource: &str,
        options: BackfillOptions,
    ) -> Result<Self, SnapshotError> {
        let cursor = Cursor::new(&snapshots, b"cursor", resource, options.lease)?;
        Ok(Self {
            snapshots,
            resource: resource.to_owned(),
            options,
            cursor,
        })
    }

    /// Walks until the list's end, `max_chunks`, a pause or an interruption. A run after the end
    /// does nothing until [`Backfill::reset`]; a walk by time goes on with what is newer. Waits for
    /// the lease of a runner that died.
    ///
    /// # Errors
    /// When another runner has it; the vendor's, the store's or the callback's error. Chunks that
    /// were written stay written, and the next run goes on behind them.
    pub fn run(
        &self,
        fetch: &dyn Fetch,
        progress: Option<&mut Progress<'_>>,
        max_chunks: Option<u64>,
    ) -> Result<BackfillReport, BackfillError> {
        self.snapshots.check_shape(&self.resource)?;
        let mut held = self.cursor.claim_patiently()?;
        let walked = self.walk(fetch, progress, max_chunks, &mut held);
        // Where this fails, the lease ends by itself; the walk's own outcome counts.
        let released = self.cursor.release(&held);
        let report = walked?;
        released?;
        Ok(report)
    }

    /// Where it stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn state(&self) -> Result<BackfillState, BackfillError> {
        Ok(self.cursor.state()?)
    }

    /// Starts over at the next run; the snapshots stay. A runner at work loses its lease.
    ///
    /// # Errors
    /// When the store failed.
    pub fn reset(&self) -> Result<(), BackfillError> {
        Ok(self.cursor.reset()?)
    }

    fn walk(
        &self,
        fetch: &dyn Fetch,
        mut progress: Option<&mut Progress<'_>>,
        max_chunks: Option<u64>,
        held: &mut Held,
    ) -> Result<BackfillReport, BackfillError> {
        let mut report = BackfillReport {
            is_done: held.state.is_done,
            ..Default::default()
        };
        let connection = self.snapshots.connection();
        let (place, walked) = (held.place(), held.state.rows);
        let mut walk = Walk::from(&self.options.list, connection, place, walked);
        while !report.is_done && max_chunks.is_none_or(|most| report.chunks < most) {
            let chunk = match self.fetch_chunk(fetch, &mut walk, held) {
                Ok(chunk) => chunk,
                Err(error) if is_a_stop(&error) => break,
                Err(error) => return Err(error),
            };
            pass("backfill.before_chunk", true)?;
            *held = self.write_chunk(&chunk, &walk, held)?;
            pass("backfill.after_commit", true)?;
            report.rows = report.rows.saturating_add(chunk.rows.len() as u64);
            report.chunks = report.chunks.saturating_add(1);
            report.is_done = held.state.is_done;
            if let Some(progress) = progress.as_deref_mut() {
                progress(held.state.rows, chunk.total)?;
            }
        }
        Ok(report)
    }

    /// Whole pages, until they hold the chunk's number of rows.
    fn fetch_chunk(
        &self,
        fetch: &dyn Fetch,
        walk: &mut Walk<'_>,
        held: &mut Held,
    ) -> Result<Chunk, BackfillError> {
        let size = self.options.chunk.max(1) as usize;
        let store = self.snapshots.store();
        let now_ms = || store.now_ms();
        let mut chunk = Chunk::default();
        loop {
            let mut has_lost = false;
            let mut alive = || {
                if let Some(renewed) = self.cursor.renew_when_old(held)? {
                    *held = renewed;
                    return Ok(());
                }
                has_lost = true;
                Err(StoreError::lost_race())
            };
            let found = walk.next(fetch, &now_ms, &mut alive);
            if has_lost {
                return Err(BackfillError::LeaseLost);
            }
            let found = found?;
            chunk.rows.extend(found.rows);
            chunk.total = found.total.or(chunk.total);
            if walk.place.is_end || chunk.rows.len() >= size {
                return Ok(chunk);
            }
            *held = self.cursor.renew(held)?.ok_or(BackfillError::LeaseLost)?;
        }
    }

    /// Rows and cursor in one transaction, tried again when a row changed meanwhile.
    fn write_chunk(
        &self,
        chunk: &Chunk,
        walk: &Walk<'_>,
        held: &Held,
    ) -> Result<Held, BackfillError> {
        let store = self.snapshots.store().as_ref();
        for _ in 0..RACES_AT_MOST {
            let mut written = None;
            let mut lost_lease = false;
            let result = store.atomically(&mut || {
                for row in &chunk.rows {
                    self.write_row(row)?;
                }
                failpoint::hit("backfill.after_rows", true)?;
                let walked = chunk.rows.len() as u64;
                written = self.cursor.advance(held, &walk.place, walked)?;
                if written.is_none() {
                    lost_lease = true;
                    return Err(StoreError::lost_race());
                }
                failpoint::hit("backfill.after_cursor", true)?;
                Ok(())
            });
            match (result, written) {
                (Ok(()), Some(written)) => return Ok(written),
                (Ok(()), None) => return Err(BackfillError::LeaseLost),
                (Err(_), _) if lost_lease => return Err(BackfillError::LeaseLost),
                (Err(error), _) if error.kind == StoreErrorKind::LostRace => {}
                (Err(error), _) => return Err(error.into()),
            }
        }
        Err(StoreError::lost_race().into())
    }

    fn write_row(&self, row: &Row) -> Result<(), StoreError> {
        let store = self.snapshots.store().as_ref();
        let Ok(entity) = self.snapshots.entity(&self.resource, &row.id) else {
            return Ok(());
        };
        let seen = seen_of(row);
        if !row.is_deleted {
            let fresh = next(&entity, None, &seen, Cause::Backfill, row.asked_at_ms);
            if write(store, &fresh)? {
                return Ok(());
            }
        }
        let Some(stored) = store.read(Kind::Snapshot, &entity.key())? else {
            // A deleted row that was never here; or one that was forgotten in this moment.
            return if row.is_deleted {
                Ok(())
            } else {
                Err(StoreError::lost_race())
            };
        };
        if Detail::of(&stored).fetched_at_ms >= row.asked_at_ms {
            return Ok(());
        }
        let later = next(
            &entity,
            Some(&stored),
            &seen,
            Cause::Backfill,
            row.asked_at_ms,
        );
        if write(store, &later)? {
            Ok(())
        } else {
            Err(StoreError::lost_race())
        }
    }
}

/// What a row of a list says about its entity.
pub(super) fn seen_of(row: &Row) -> Seen {
    if row.is_deleted {
        return Seen::Gone;
    }
    Seen::Content {
        json: row.json.clone().into_bytes(),
        etag: None,
        last_modified: None,
    }
}

/// Whether the walk ends in peace: somebody paused the connection, or stopped waiting.
pub(super) fn is_a_stop(error: &BackfillError) -> bool {
    let BackfillError::Snapshot(SnapshotError::Call(call)) = error else {
        return false;
    };
    matches!(
        call.kind,
        CallErrorKind::Paused | CallErrorKind::Interrupted
    )
}

fn pass(name: &'static str, is_holding: bool) -> Result<(), BackfillError> {
    failpoint::hit(name, is_holding).map_err(|stopped| StoreError::from(stopped).into())
}

#[cfg(test)]
mod tests;
