//! Why there is no snapshot.

use crate::http::CallError;
use crate::store::{CallbackError, StoreError};

/// A refusal or a failure of the snapshots.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No snapshot, and none could be had in time; or the vendor says that the entity is gone.
    #[error("{connection}: no snapshot of {resource} '{id}'")]
    Missing {
        /// The connection.
        connection: String,
        /// The resource.
        resource: String,
        /// The entity.
        id: String,
        /// Why the fetch failed, where one was made.
        cause: Option<Box<CallError>>,
    },
    /// The connection has no such resource.
    #[error("{connection}: no resource '{resource}'; it has: {known}")]
    UnknownResource {
        /// The connection.
        connection: String,
        /// What was asked for.
        resource: String,
        /// What there is.
        known: String,
    },
    /// The vendor gave no usable answer.
    #[error("{0}")]
    Call(CallError),
    /// The vendor's answer, or the data given, is nothing that can be kept.
    #[error("{connection}: {resource} '{id}': {message}")]
    Unusable {
        /// The connection.
        connection: String,
        /// The resource.
        resource: String,
        /// The entity.
        id: String,
        /// What is wrong with it.
        message: String,
    },
    /// Rows of an older shape remain, so that it must still be read.
    #[error(
        "{connection}: {left} snapshots of {resource} have a shape older than {version}: rewrite \
         them first"
    )]
    OldShapes {
        /// The connection.
        connection: String,
        /// The resource.
        resource: String,
        /// How many.
        left: u64,
        /// The shape that is written now.
        version: u32,
    },
    /// The resource was contracted to a newer shape than this release writes.
    #[error(
        "{connection}: {resource} was contracted to shape {contracted}, and this release writes \
         shape {writes}: deploy the newer one, or expand again"
    )]
    Contracted {
        /// The connection.
        connection: String,
        /// The resource.
        resource: String,
        /// The oldest shape that may be written.
        contracted: u32,
        /// The shape that this release writes.
        writes: u32,
    },
    /// The store failed.
    #[error("{0}")]
    Store(StoreError),
    /// The caller's own code failed.
    #[error("{0}")]
    Callback(CallbackError),
}

impl From<StoreError> for SnapshotError {
    /// A foreign error that a transaction carried comes out as what it is.
    fn from(error: StoreError) -> Self {
        match error.into_callback() {
            Ok(callback) => Self::Callback(callback),
            Err(error) => Self::Store(error),
        }
    }
}

impl From<CallbackError> for SnapshotError {
    fn from(error: CallbackError) -> Self {
        Self::Callback(error)
    }
}

impl From<CallError> for SnapshotError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
