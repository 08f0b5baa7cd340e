//! Webhooks in: recorded when they arrive, processed later.
//!
//! Receiving is one atomic insert into the ledger, so that the sender is answered at once; an inbox
//! that is full asks the sender to come back. Processing claims events in small batches and takes
//! one after another: read the snapshot's version, fetch the entity anew by its id, then in one
//! transaction replace the snapshot if that version still stands, run the effect and mark the
//! event done; then invalidate the cache tags. Events come late and out of order, so what an event
//! itself says about the entity is stored only where the resource has an order, and only when it
//! is not older than what is there (`entity`).
//!
//! A refusal by the connection (open breaker, pause, a vendor's hold) costs the event no attempt
//! and ends the round. A kill at any step leaves the claim to its lease, or the tags owed in the
//! snapshot's row; [`failpoint`] has a name for each step.

mod apply;
mod batch;
mod depth;
mod entity;
mod event;
mod look;
mod options;
pub(super) mod payload;
mod process;
mod receive;

use std::rc::Rc;

use super::{Ledger, LedgerError};
use crate::snapshot::{SnapshotError, Snapshots};
use crate::store::{CallbackError, StoreError, StoreErrorKind};
use crate::testing::failpoint;
pub(super) use event::deferred_for;
pub use event::{EventView, InboxEvent, Processed};
pub use options::{About, InboxOptions};
pub use payload::PayloadError;

/// Gets the event and the entity's JSON; `None` where the entity is gone, or none is fetched.
pub type Effect<'a> = dyn FnMut(&InboxEvent, Option<&[u8]>) -> Result<(), CallbackError> + 'a;

/// The webhooks of one connection.
pub struct Inbox {
    snapshots: Rc<Snapshots>,
    ledger: Ledger,
    options: InboxOptions,
    /// What its depth is remembered under.
    name: String,
}

impl Inbox {
    /// The inbox of the snapshots' connection, in the same store. `namespace` keeps connections of
    /// one name apart.
    pub fn new(snapshots: Rc<Snapshots>, namespace: &str, options: InboxOptions) -> Self {
        let ledger = Ledger::new(snapshots.store().clone(), options.ledger.clone());
        Self {
            name: format!("{namespace}/{}", snapshots.connection()),
            snapshots,
            ledger,
            options,
        }
    }

    /// The ledger that the events are in; their source is the connection's name.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

fn ledger_error(error: SnapshotError) -> LedgerError {
    match error {
        SnapshotError::Store(error) => error.into(),
        SnapshotError::Callback(error) => error.into(),
        other @ (SnapshotError::Missing { .. }
        | SnapshotError::UnknownResource { .. }
        | SnapshotError::OldShapes { .. }
        | SnapshotError::Contracted { .. }
        | SnapshotError::Call(_)
        | SnapshotError::Unusable { .. }) => {
            LedgerError::Store(StoreError::new(StoreErrorKind::Misuse, other.to_string()))
        }
    }
}

fn pass(name: &'static str, is_holding: bool) -> Result<(), LedgerError> {
    failpoint::hit(name, is_holding).map_err(|stopped| LedgerError::Store(stopped.into()))
}

#[cfg(test)]
mod tests;
