//! A resumable walk over a vendor's list, by cursor, in chunks.
//!
//! The rows of a chunk and the cursor behind them are written in one transaction, so that a killed
//! run goes on without a gap or a double. A chunk is whole pages, as many as hold its number of
//! rows: a list can be resumed between pages only. One runner at a time: the cursor's row is held
//! under a lease that each chunk renews, and a token fences a runner that slept through it.
//!
//! A row never replaces a snapshot that was fetched after the page was asked for, so that a walk
//! of minutes does not undo what webhooks brought meanwhile. A row that is new owes no tags; one
//! whose content changed does. Losing the store starts the walk over.

mod cursor;
mod page;

use std::rc::Rc;
use std::time::Duration;

use super::row::{Cause, Detail, Seen, next};
use super::{SnapshotError, Snapshots, write};
use crate::clock;
use crate::http::{CallErrorKind, Fetch};
use crate::store::{CallbackError, Kind, StoreError};
use crate::testing::failpoint;
use cursor::{Cursor, Held};
use page::{Page, Row};

/// How often a chunk is written again when another writer was first at one of its rows.
const RACES_AT_MOST: usize = 5;
/// How often a runner looks whether the lease of a dead one ended.
const LEASE_LOOK: Duration = Duration::from_millis(250);

/// How a list is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillOptions {
    /// The list, below the base URI.
    pub path: String,
    /// JSON pointer to the items of a page.
    pub items: String,
    /// JSON pointer to the id in an item.
    pub id: String,
    /// Query parameter that takes the cursor.
    pub cursor_in: String,
    /// JSON pointer to the next cursor; null or missing at the end.
    pub cursor_out: String,
    /// Query parameter that takes the page's size.
    pub page_param: String,
    /// Items a page.
    pub page_size: u32,
    /// Rows a transaction, rounded up to whole pages.
    pub chunk: u32,
    /// JSON pointer to the number of all items.
    pub total: Option<String>,
    /// Further query parameters.
    pub query: Vec<(String, String)>,
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

/// The rows of a chunk, and where the next one begins.
struct Chunk {
    rows: Vec<Row>,
    next: Option<String>,
    total: Option<u64>,
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
        snapshots.entity(resource, "")?;
        let store = snapshots.store().clone();
        let cursor = Cursor::new(store, snapshots.connection(), resource, options.lease);
        Ok(Self {
            snapshots,
            resource: resource.to_owned(),
            options,
            cursor,
        })
    }

    /// Walks until the list's end, `max_chunks`, a pause or an interruption. A run after the end
    /// does nothing until [`Backfill::reset`]. Waits for the lease of a runner that died.
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
        let mut held = self.take_the_lease()?;
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

    /// A dead runner's lease ends within its length; a living one renews it.
    fn take_the_lease(&self) -> Result<Held, BackfillError> {
        let patience = self.options.lease.saturating_add(LEASE_LOOK);
        let deadline = clock::monotonic().saturating_add(patience);
        loop {
            if let Some(held) = self.cursor.claim()? {
                return Ok(held);
            }
            let left = deadline.since(clock::monotonic());
            if left.is_zero() {
                return Err(BackfillError::InProgress {
                    scope: self.cursor.scope().to_owned(),
                });
            }
            clock::wait_blocking(LEASE_LOOK.min(left));
        }
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
        while !report.is_done && max_chunks.is_none_or(|most| report.chunks < most) {
            let chunk = match self.fetch_chunk(fetch, held) {
                Ok(chunk) => chunk,
                Err(error) if is_a_stop(&error) => break,
                Err(error) => return Err(error),
            };
            pass("backfill.before_chunk", true)?;
            *held = self.write_chunk(&chunk, held)?;
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
    fn fetch_chunk(&self, fetch: &dyn Fetch, held: &mut Held) -> Result<Chunk, BackfillError> {
        let size = self.options.chunk.max(1) as usize;
        let mut chunk = Chunk {
            rows: Vec::new(),
            next: held.state.cursor.clone(),
            total: None,
        };
        loop {
            let asked_at_ms = self.snapshots.store().now_ms()?;
            let connection = self.snapshots.connection();
            let cursor = chunk.next.as_deref();
            let page = Page::fetch(fetch, connection, &self.options, cursor, asked_at_ms)?;
            let is_stuck = page.next.is_some() && page.next == chunk.next;
            if is_stuck {
                return Err(
                    page::unusable(connection, &self.resource, "the cursor repeats").into(),
                );
            }
            chunk.rows.extend(page.rows);
            chunk.total = page.total.or(chunk.total);
            chunk.next = page.next;
            if chunk.next.is_none() || chunk.rows.len() >= size {
                return Ok(chunk);
            }
            *held = self.cursor.renew(held)?.ok_or(BackfillError::LeaseLost)?;
        }
    }

    /// Rows and cursor in one transaction, tried again when a row changed meanwhile.
    fn write_chunk(&self, chunk: &Chunk, held: &Held) -> Result<Held, BackfillError> {
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
                written = self.cursor.advance(held, chunk.next.clone(), walked)?;
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
                (Err(error), _) if error.kind == crate::store::StoreErrorKind::LostRace => {}
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
        let json = row.json.clone().into_bytes();
        let seen = Seen::Content {
            json,
            etag: None,
            last_modified: None,
        };
        let fresh = next(&entity, None, &seen, Cause::Backfill, row.asked_at_ms);
        if write(store, &fresh)? {
            return Ok(());
        }
        let Some(stored) = store.read(Kind::Snapshot, &entity.key())? else {
            return Err(StoreError::lost_race());
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

/// Whether the walk ends in peace: somebody paused the connection, or stopped waiting.
fn is_a_stop(error: &BackfillError) -> bool {
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
