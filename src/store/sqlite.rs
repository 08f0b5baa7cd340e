//! placeholder
use super::{Count, Key, Kind, Query, Record, Store, StoreError};
use std::path::Path;
/// x
pub struct SqliteStore {}
impl SqliteStore {
    /// x
    pub fn open(path: &Path) -> Result<Self, StoreError> { todo!() }
}
/// x
pub fn close_all_before_fork() { todo!() }
impl Store for SqliteStore {
    fn now_ms(&self) -> Result<i64, StoreError> { todo!() }
    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> { todo!() }
    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> { todo!() }
    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> { todo!() }
    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> { todo!() }
    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> { todo!() }
    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> { todo!() }
    fn purge(&self, kind: Kind, states: &[&str], before_ms: i64, limit: usize) -> Result<usize, StoreError> { todo!() }
    fn atomically(&self, work: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> { todo!() }
}
