//! placeholder
use super::{LedgerError};
use std::time::Duration;

/// What a claim found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimStatus {
    /// The event is the caller's, until the lease ends.
    Won,
    /// Another worker holds it.
    InProgress,
    /// It was done before.
    Done,
    /// The same id was recorded with another payload.
    Conflict,
    /// It was given up.
    Dead,
}
/// x
pub struct Claim {}
impl Claim {
    /// x
    pub fn status(&self) -> ClaimStatus { todo!() }
    /// x
    pub fn source(&self) -> &str { todo!() }
    /// x
    pub fn event_id(&self) -> &str { todo!() }
    /// x
    pub fn payload(&self) -> &[u8] { todo!() }
    /// x
    pub fn attempt(&self) -> i64 { todo!() }
    /// x
    pub fn token(&self) -> i64 { todo!() }
    /// Null when none
    pub fn outcome(&self) -> serde_json::Value { todo!() }
    /// x
    pub fn key(&self, step: &str) -> String { todo!() }
    /// x
    pub fn renew(&self) -> Result<(), LedgerError> { todo!() }
    /// x
    pub fn complete(&self, outcome: &serde_json::Value) -> Result<(), LedgerError> { todo!() }
    /// true = dead
    pub fn fail(&self, error: &str) -> Result<bool, LedgerError> { todo!() }
    /// x
    pub fn release(&self, delay: Duration) -> Result<(), LedgerError> { todo!() }
}
