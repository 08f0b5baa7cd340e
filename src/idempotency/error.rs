//! Why the ledger could not do it.

use crate::store::{CallbackError, StoreError};

/// A refusal or a failure of the ledger; the binding has one exception for each.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store failed.
    #[error("{0}")]
    Store(StoreError),
    /// The lease was lost to another worker or ran out: the effect must not be committed.
    #[error("event '{event_id}' of '{source_name}': the lease was lost; roll the effect back")]
    LeaseLost {
        /// The event's source.
        source_name: String,
        /// The event.
        event_id: String,
    },
    /// Another worker holds the event.
    #[error("event '{event_id}' of '{source_name}' is being processed by another worker")]
    InProgress {
        /// The event's source.
        source_name: String,
        /// The event.
        event_id: String,
    },
    /// The same id came with another payload.
    #[error("event '{event_id}' of '{source_name}' came before with another payload")]
    Conflict {
        /// The event's source.
        source_name: String,
        /// The event.
        event_id: String,
    },
    /// The event is in the dead letters.
    #[error("event '{event_id}' of '{source_name}' is in the dead letters")]
    DeadLetter {
        /// The event's source.
        source_name: String,
        /// The event.
        event_id: String,
    },
    /// The caller's own code failed.
    #[error("{0}")]
    Callback(CallbackError),
}

impl From<StoreError> for LedgerError {
    /// A foreign error that a transaction carried comes out as what it is.
    fn from(error: StoreError) -> Self {
        match error.into_callback() {
            Ok(callback) => Self::Callback(callback),
            Err(error) => Self::Store(error),
        }
    }
}

impl From<CallbackError> for LedgerError {
    fn from(error: CallbackError) -> Self {
        Self::Callback(error)
    }
}
