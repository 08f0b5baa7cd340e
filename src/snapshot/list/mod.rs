//! A vendor's list, page by page: what a backfill and a reconcile run have in common.
//!
//! [`Paging`] says how the next page is found, [`Pace`] how many items are asked for and what a
//! failed page leads to, [`Page`] reads one. A walk's place is a text that the runner saves with
//! the rows of its chunk, so that it can go on from there after a kill.

mod options;
mod pace;
mod page;
mod place;

use std::time::Duration;

pub use options::ListOptions;
pub(super) use page::Row;
pub use place::Paging;

use super::SnapshotError;
use crate::clock;
use crate::http::{CallError, Fetch};
use crate::store::StoreError;
use pace::{Pace, Reaction};
use page::Page;
use place::Seen;

/// Waits are cut into slices of this length, between which the caller's lease is renewed.
const WAIT_SLICE: Duration = Duration::from_millis(250);

/// What a page brought.
pub(super) struct Found {
    /// Its items.
    pub(super) rows: Vec<Row>,
    /// The number of all items, where the vendor says it.
    pub(super) total: Option<u64>,
}

/// Where a walk stands, as it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Where the next page begins; `None` at the start.
    pub(super) at: Option<String>,
    /// Items a page, where the vendor wants fewer than the options.
    pub(super) size: Option<u32>,
    /// The list's end was reached. A walk by time keeps its place then.
    pub(super) is_end: bool,
}

/// Told between the slices of a wait; renews the runner's lease.
pub(super) type Alive<'a> = dyn FnMut() -> Result<(), StoreError> + 'a;

/// A walk over a list.
pub(super) struct Walk<'a> {
    options: &'a ListOptions,
    connection: &'a str,
    pub(super) place: Place,
    pace: Pace,
    /// Items since this walk began or was resumed.
    walked: u64,
    /// The ids of the page before: how a walk by time knows its end.
    last_ids: Vec<String>,
}

impl<'a> Walk<'a> {
    /// A walk from this place on, behind so many items.
    pub(super) fn from(
        options: &'a ListOptions,
        connection: &'a str,
        place: Place,
        walked: u64,
    ) -> Self {
        Self {
            options,
            connection,
            pace: Pace::new(options.page_size, place.size),
            place: Place {
                is_end: false,
                ..place
            },
            walked,
            last_ids: Vec::new(),
        }
    }

    /// The next page, and the place behind it. Asks for fewer items where a page was too large or
    /// too slow, and waits where the vendor wants to be left alone.
    ///
    /// # Errors
    /// The call's, once waiting and smaller pages did not help; a list that cannot be walked; what
    /// `alive` says.
    pub(super) fn next(
        &mut self,
        fetch: &dyn Fetch,
        now_ms: &dyn Fn() -> Result<i64, StoreError>,
        alive: &mut Alive<'_>,
    ) -> Result<Found, SnapshotError> {
        let mut waited = Duration::ZERO;
        loop {
            let asked_at_ms = now_ms()?;
            let at = self.place.at.as_deref();
            let size = self.options.paging.size_at(at);
            let size = size.unwrap_or(self.pace.size());
            match Page::fetch(fetch, self.connection, self.options, at, size, asked_at_ms) {
                Ok(page) => return self.took(page, size),
                Err(SnapshotError::Call(error)) => {
                    self.after_failure(error, &mut waited, alive)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn took(&mut self, page: Page, size: u32) -> Result<Found, SnapshotError> {
        self.pace.good();
        self.walked = self.walked.saturating_add(page.rows.len() as u64);
        let ids: Vec<String> = page.rows.iter().map(|row| row.id.clone()).collect();
        let seen = Seen {
            at: self.place.at.as_deref(),
            size,
            rows: page.rows.len(),
            walked: self.walked,
            total: page.total,
            is_nothing_new: ids.iter().all(|id| self.last_ids.contains(id)),
            out: page.out.as_deref(),
        };
        let next = self
            .options
            .paging
            .next(&seen)
            .map_err(|message| page::unusable(self.connection, &self.options.path, message))?;
        self.last_ids = ids;
        self.place = Place {
            size: self.pace.saved(),
            ..next
        };
        Ok(Found {
            rows: page.rows,
            total: page.total,
        })
    }

    fn after_failure(
        &mut self,
        error: CallError,
        waited: &mut Duration,
        alive: &mut Alive<'_>,
    ) -> Result<(), SnapshotError> {
        let may_shrink = self
            .options
            .paging
            .may_change_size(self.place.at.as_deref());
        match self
            .pace
            .after(&error, may_shrink, *waited, self.options.patience)
        {
            Reaction::Fail => Err(error.into()),
            Reaction::Again { size } => {
                let at = self.place.at.take();
                self.place.at = self.options.paging.with_size(at, size);
                Ok(())
            }
            Reaction::Wait(wait) => {
                *waited = waited.saturating_add(wait);
                let mut left = wait;
                while !left.is_zero() {
                    let slice = WAIT_SLICE.min(left);
                    clock::wait_blocking(slice);
                    left = left.saturating_sub(slice);
                    alive()?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
