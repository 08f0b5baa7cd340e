//! What the classes of durable work have in common: their options, outcomes and errors.

use std::time::Duration;

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ZendHashTable, Zval};

use super::exception_classes::ExceptionClass;
use super::{throw, value};
use crate::idempotency::{LedgerError, LedgerOptions};
use crate::options::{Fields, OptionError};
use crate::snapshot::{BackfillError, SnapshotError};

/// The ledger's options from a PHP array.
pub(super) fn ledger_options(
    owner: &str,
    options: Option<&ZendHashTable>,
) -> PhpResult<LedgerOptions> {
    let options = value::options(owner, options)?;
    read_ledger_options(&options).map_err(|error| throw::options(owner, &error))
}

fn read_ledger_options(options: &crate::options::Value) -> Result<LedgerOptions, OptionError> {
    const HOUR_MS: i64 = 3_600_000;
    let mut fields = Fields::new(options)?;
    let read = LedgerOptions {
        lease: fields
            .millis("lease_ms", 100..=24 * HOUR_MS)?
            .unwrap_or(Duration::from_secs(30)),
        max_attempts: fields
            .int("max_attempts", 1..=1000)?
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(8),
        base_delay: fields
            .millis("base_delay_ms", 1..=HOUR_MS)?
            .unwrap_or(Duration::from_secs(1)),
        max_delay: fields
            .millis("max_delay_ms", 1..=24 * HOUR_MS)?
            .unwrap_or(Duration::from_secs(3600)),
    };
    fields.finish()?;
    Ok(read)
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
        SnapshotError::Missing { cause: None, .. } | SnapshotError::Unusable { .. } => {
            throw::exception(ExceptionClass::SnapshotMissing, &message, [])
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
