//! placeholder
use super::{Resource, SingleFlight};
use crate::http::{CallError, Fetch};
use crate::store::{CallbackError, Store, StoreError};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// x
#[derive(Clone, Debug)]
pub struct Snapshot {}
impl Snapshot {
    /// x
    pub fn resource(&self) -> &str { todo!() }
    /// x
    pub fn id(&self) -> &str { todo!() }
    /// the JSON bytes
    pub fn data(&self) -> &[u8] { todo!() }
    /// x
    pub fn is_stale(&self) -> bool { todo!() }
    /// x
    pub fn fetched_at_ms(&self) -> i64 { todo!() }
    /// x
    pub fn fresh_until_ms(&self) -> i64 { todo!() }
    /// x
    pub fn max_age_s(&self) -> i64 { todo!() }
    /// x
    pub fn tags(&self) -> &[String] { todo!() }
    /// x
    pub fn version(&self) -> i64 { todo!() }
    /// x
    pub fn checksum(&self) -> &str { todo!() }
    /// x
    pub fn etag(&self) -> Option<&str> { todo!() }
}
/// x
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No snapshot, and none could be had in time.
    #[error("{connection}: no snapshot of {resource} '{id}'")]
    Missing {
        /// x
        connection: String,
        /// x
        resource: String,
        /// x
        id: String,
        /// x
        cause: Option<Box<CallError>>,
    },
    /// The connection has no such resource.
    #[error("{connection}: no resource '{resource}'; it has {known}")]
    UnknownResource {
        /// x
        connection: String,
        /// x
        resource: String,
        /// x
        known: String,
    },
    /// x
    #[error("{0}")]
    Call(CallError),
    /// x
    #[error("{connection}: {resource} '{id}': {message}")]
    Unusable {
        /// x
        connection: String,
        /// x
        resource: String,
        /// x
        id: String,
        /// x
        message: String,
    },
    /// x
    #[error("{0}")]
    Store(StoreError),
    /// x
    #[error("{0}")]
    Callback(CallbackError),
}
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// x
    pub refreshed: usize,
    /// x
    pub unchanged: usize,
    /// x
    pub failed: usize,
    /// x
    pub skipped: usize,
}
/// x
pub struct Snapshots {}
impl Snapshots {
    /// x
    pub fn new(store: Rc<dyn Store>, connection: &str, resources: BTreeMap<String, Resource>, page: Duration, flight: Rc<dyn SingleFlight>) -> Self { todo!() }
    /// x
    pub fn get(&self, fetch: &dyn Fetch, resource: &str, id: &str) -> Result<Snapshot, SnapshotError> { todo!() }
    /// x
    pub fn peek(&self, resource: &str, id: &str) -> Result<Option<Snapshot>, SnapshotError> { todo!() }
    /// x
    pub fn many(&self, fetch: &dyn Fetch, resource: &str, ids: &[String]) -> Result<Vec<(String, Snapshot)>, SnapshotError> { todo!() }
    /// x
    pub fn refresh(&self, fetch: &dyn Fetch, resource: &str, id: &str) -> Result<Snapshot, SnapshotError> { todo!() }
    /// x
    pub fn refresh_stale(&self, fetch: &dyn Fetch, invalidate: Option<&mut dyn FnMut(&[String]) -> Result<(), CallbackError>>) -> Result<Refreshed, SnapshotError> { todo!() }
    /// x
    pub fn settle(&self, invalidate: &mut dyn FnMut(&[String]) -> Result<(), CallbackError>, limit: usize) -> Result<usize, SnapshotError> { todo!() }
    /// x
    pub fn put(&self, resource: &str, id: &str, json: &[u8]) -> Result<Snapshot, SnapshotError> { todo!() }
    /// x
    pub fn forget(&self, resource: &str, id: &str) -> Result<bool, SnapshotError> { todo!() }
}
