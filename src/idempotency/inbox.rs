//! placeholder
use super::{Ledger, LedgerError, LedgerOptions};
use crate::snapshot::{Invalidate, Snapshots};
use crate::store::CallbackError;
use crate::http::Fetch;
use std::rc::Rc;

/// A verified event, as the inbox records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    /// x
    pub source: String,
    /// x
    pub id: String,
    /// x
    pub kind: Option<String>,
    /// x
    pub time_ms: Option<i64>,
    /// x
    pub payload: Vec<u8>,
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// x
    Recorded,
    /// x
    Duplicate,
    /// x
    Conflict,
    /// x
    Refused,
    /// x
    Unavailable,
    /// x
    Challenge,
}
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// x
    pub status: u16,
    /// x
    pub verdict: Verdict,
    /// x
    pub reason: Option<String>,
    /// x
    pub retry_after_s: Option<u32>,
    /// x
    pub body: Vec<u8>,
}
/// What process() did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processed {
    /// x
    pub processed: usize,
    /// x
    pub failed: usize,
    /// x
    pub deferred: usize,
    /// x
    pub dead: usize,
}


/// Gets the event and the entity's JSON.
pub type Effect<'a> = dyn FnMut(&InboxEvent, Option<&[u8]>) -> Result<(), CallbackError> + 'a;
/// x
pub struct Inbox {}
impl Inbox {
    /// source = connection's name; refetch (resource, id pointer)
    pub fn new(snapshots: Rc<Snapshots>, refetch: Option<(String, String)>, options: LedgerOptions) -> Self { todo!() }
    /// x
    pub fn receive_verified(&self, events: &[InboxEvent]) -> Receipt { todo!() }
    /// x
    pub fn process(&self, fetch: &dyn Fetch, limit: usize, invalidate: Option<&mut Invalidate<'_>>, effect: Option<&mut Effect<'_>>) -> Result<Processed, LedgerError> { todo!() }
    /// x
    pub fn ledger(&self) -> &Ledger { todo!() }
}
