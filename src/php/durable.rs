//! What the classes of durable work have in common: their options, outcomes and errors.

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ZendHashTable, Zval};

use super::exception_classes::ExceptionClass;
use super::{throw, value};
use crate::idempotency::{LedgerError, LedgerOptions};
use crate::snapshot::{BackfillError, SnapshotError};

/// The ledger's options from a PHP array.
pub(super) fn ledger_options(
    owner: &str,
    options: Option<&ZendHashTable>,
) -> PhpResult<LedgerOptions> {
    let options = value::options(owner, options)?;
    LedgerOptions::parse(&options).map_err(|error| throw::options(owner, &error))
}

/// An outcome as PHP sees it.
pub(super) fn outcome_to_php(outcome: &serde_json::Value) -> PhpResult<Zval> {
    value::json_decode(outcome.to_string().as_bytes(), 512)
}

/// An outcome as it is recorded: what `json_encode()` makes of it.
pub(super) fn outcome_from_php(outcome: Option<&Zval>) -> PhpResult<serde_json::Value> {
    let Some(outcome) = outcome else {
        return Ok(serde_json::Value::Null);
    };
    Ok(serde_json::from_slice(&value::json_encode(outcome)?).unwrap_or_default())
}

/// The exception of a ledger's refusal.
pub(super) fn ledger_error(error: impl Into<LedgerError>) -> PhpException {
    let error = error.into();
    let message = error.to_string();
    let class = match error {
        LedgerError::Store(error) => return throw::store(error),
        LedgerError::Callback(error) => return throw::callback(error),
        LedgerError::LeaseLost { .. } => ExceptionClass::LeaseLost,
        LedgerError::InProgress { .. } => ExceptionClass::InProgress,
        LedgerError::Conflict { .. } => ExceptionClass::Conflict,
        LedgerError::DeadLetter { .. } => ExceptionClass::DeadLetter,
    };
    throw::exception(class, &message, [])
}

/// The exception of a snapshot that cannot be had.
pub(super) fn snapshot_error(error: SnapshotError) -> PhpException {
    let message = error.to_string();
    match error {
        SnapshotError::Missing {
            cause: Some(cause), ..
        } => throw::because(
            ExceptionClass::SnapshotMissing,
            &message,
            throw::call(*cause),
        ),
        SnapshotError::Missing { cause: None, .. }
        | SnapshotError::Unusable { .. }
        | SnapshotError::Contracted { .. } => {
            throw::exception(ExceptionClass::SnapshotMissing, &message, [])
        }
        SnapshotError::OldShapes { .. } => {
            let field = ("field", value::bytes(b"schema.from"));
            throw::exception(ExceptionClass::Options, &message, [field])
        }
        SnapshotError::UnknownResource { .. } => {
            let field = ("field", value::bytes(b"resource"));
            throw::exception(ExceptionClass::Options, &message, [field])
        }
        SnapshotError::Call(error) => throw::call(error),
        SnapshotError::Store(error) => throw::store(error),
        SnapshotError::Callback(error) => throw::callback(error),
    }
}

/// The exception of a backfill that cannot go on.
pub(super) fn backfill_error(error: BackfillError) -> PhpException {
    let message = error.to_string();
    match error {
        BackfillError::Snapshot(error) => snapshot_error(error),
        BackfillError::InProgress { .. } => {
            throw::exception(ExceptionClass::InProgress, &message, [])
        }
        BackfillError::LeaseLost => throw::exception(ExceptionClass::LeaseLost, &message, []),
    }
}
