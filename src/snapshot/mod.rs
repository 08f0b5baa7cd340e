//! The last good answer for each remote entity, and the walk that fills them.

mod backfill;
mod resource;
mod snapshots;
mod flight;

pub use backfill::{Backfill, BackfillOptions, BackfillReport, BackfillState, BackfillError};
pub use resource::Resource;
pub use snapshots::{Snapshot, SnapshotError, Snapshots, Refreshed};
pub use flight::{Leadership, NoSharing, Sighting, SingleFlight};
