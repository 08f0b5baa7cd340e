//! The last good answer for each remote entity, and the walk that fills them.
//!
//! Pages render from snapshots only: [`Snapshots::get`] serves what is there, fresh or stale, and
//! fetches only what is missing, once for all workers of the host and within a deadline of its
//! own. What follows from what a vendor answered is decided by pure functions: [`freshness`] says
//! what may be shown, [`row`] which record follows which and which cache tags it owes.
//!
//! A snapshot changes by compare-and-replace on its version, which was read before the vendor was
//! asked: an older answer never replaces a newer one. Tags that pages carry are written as owed in
//! the same write and cleared after they were invalidated, so that a kill in between leaves no
//! page stale for good. Losing the store costs fetches, and pages their data while the vendor is
//! down.

mod backfill;
mod contraction;
mod error;
mod fetching;
mod flight;
pub mod freshness;
mod list;
pub(crate) mod order;
mod reconcile;
pub mod row;
mod shape;
mod snapshots;
#[cfg(test)]
pub(crate) mod testing;
mod view;

pub use crate::options::Resource;
pub use backfill::{Backfill, BackfillError, BackfillOptions, BackfillReport, BackfillState};
pub use error::SnapshotError;
pub(crate) use fetching::{Fetched, write};
pub use flight::{Leadership, NoSharing, Sighting, SingleFlight};
pub use list::{ListOptions, Paging};
pub use reconcile::{Deletions, Difference, Reconcile, ReconcileOptions, ReconcileReport};
pub use shape::{Rewrite, RewriteProgress, Rewritten, Shapes};
pub use snapshots::{Refreshed, Snapshots};
pub use view::Snapshot;

use crate::store::CallbackError;

/// Gets cache tags that pages must no longer be served with.
pub type Invalidate<'a> = dyn FnMut(&[String]) -> Result<(), CallbackError> + 'a;
