//! placeholder
use super::{SnapshotError, Snapshots};
use crate::http::Fetch;
use crate::store::CallbackError;
use std::rc::Rc;
use std::time::Duration;
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillOptions {
    /// x
    pub path: String,
    /// x
    pub items: String,
    /// x
    pub id: String,
    /// x
    pub cursor_in: String,
    /// x
    pub cursor_out: String,
    /// x
    pub page_param: String,
    /// x
    pub page_size: u32,
    /// x
    pub chunk: u32,
    /// x
    pub total: Option<String>,
    /// x
    pub query: Vec<(String, String)>,
    /// x
    pub lease: Duration,
}
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillReport {
    /// x
    pub rows: u64,
    /// x
    pub chunks: u64,
    /// x
    pub is_done: bool,
}
/// x
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillState {
    /// x
    pub cursor: Option<String>,
    /// x
    pub rows: u64,
    /// x
    pub is_done: bool,
    /// x
    pub updated_at_ms: i64,
}
/// x
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// x
    #[error("{0}")]
    Snapshot(SnapshotError),
    /// x
    #[error("another runner holds the backfill of {scope}")]
    InProgress {
        /// x
        scope: String,
    },
    /// x
    #[error("the backfill's lease was lost")]
    LeaseLost,
}
/// x
pub struct Backfill {}
impl Backfill {
    /// x
    pub fn new(snapshots: Rc<Snapshots>, resource: &str, options: BackfillOptions) -> Result<Self, SnapshotError> { todo!() }
    /// x
    pub fn run(&self, fetch: &dyn Fetch, progress: Option<&mut dyn FnMut(u64, Option<u64>) -> Result<(), CallbackError>>, max_chunks: Option<u64>) -> Result<BackfillReport, BackfillError> { todo!() }
    /// x
    pub fn state(&self) -> Result<BackfillState, BackfillError> { todo!() }
    /// x
    pub fn reset(&self) -> Result<(), BackfillError> { todo!() }
}
