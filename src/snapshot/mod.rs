//! The last good answer for each remote entity, and the walk that fills them.

mod backfill;

mod snapshots;
mod flight;

pub use backfill::{Backfill, BackfillOptions, BackfillReport, BackfillState, BackfillError};
pub use crate::options::Resource;
pub use snapshots::{Snapshot, SnapshotError, Snapshots, Refreshed};
pub use flight::{Leadership, NoSharing, Sighting, SingleFlight};
