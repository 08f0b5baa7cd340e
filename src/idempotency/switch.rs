//! placeholder
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchState {
    /// x
    pub is_paused: bool,
    /// x
    pub reason: String,
    /// x
    pub since_ms: i64,
}
/// x
#[derive(Clone)]
pub struct Switches { store: Rc<dyn Store> }
impl Switches {
    /// x
    pub fn new(store: Rc<dyn Store>) -> Self { Self { store } }
    /// x
    pub fn pause(&self, connection: &str, reason: &str) -> Result<(), StoreError> { todo!() }
    /// x
    pub fn resume(&self, connection: &str) -> Result<(), StoreError> { todo!() }
    /// x
    pub fn is_paused(&self, connection: &str) -> Result<bool, StoreError> { todo!() }
    /// x
    pub fn state(&self, connection: &str) -> Result<Option<SwitchState>, StoreError> { todo!() }
    /// x
    pub fn all(&self) -> Result<BTreeMap<String, SwitchState>, StoreError> { todo!() }
}
