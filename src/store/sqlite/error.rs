//! What SQLite's result codes mean to the caller of a store.
//!
//! Source: <https://www.sqlite.org/rescode.html>. Messages name the file, never a value.

use std::path::Path;

use rusqlite::ErrorCode;

use super::{StoreError, StoreErrorKind};

/// Sorts an error by what can be done about it.
pub(super) fn classify(path: &Path, source: rusqlite::Error) -> StoreError {
    let file = path.display();
    let code = source.sqlite_error_code();
    let (kind, what) = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            StoreErrorKind::Busy,
            "another process holds it for too long".to_owned(),
        ),
        Some(ErrorCode::DiskFull) => (
            StoreErrorKind::Full,
            "the disk is full, nothing was stored".to_owned(),
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            StoreErrorKind::Unavailable,
            "it cannot be written; the file and its directory must be writable".to_owned(),
        ),
        Some(ErrorCode::CannotOpen) => (StoreErrorKind::Unavailable, cannot_open(path)),
        Some(ErrorCode::NotADatabase) => (
            StoreErrorKind::Corrupt,
            "the file is no SQLite database".to_owned(),
        ),
        Some(ErrorCode::DatabaseCorrupt) => {
            (StoreErrorKind::Corrupt, "the file is damaged".to_owned())
        }
        Some(ErrorCode::SystemIoFailure) => (
            StoreErrorKind::Unavailable,
            "reading or writing the file failed".to_owned(),
        ),
        None => (
            StoreErrorKind::Corrupt,
            "a record cannot be understood".to_owned(),
        ),
        Some(_) => (
            StoreErrorKind::Misuse,
            "SQLite refused a statement".to_owned(),
        ),
    };
    StoreError::new(kind, format!("store '{file}': {what}")).because(source)
}

/// Why a file cannot be opened: most often its directory is not there.
fn cannot_open(path: &Path) -> String {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            format!("the directory '{}' does not exist", parent.display())
        }
        _ if path.is_dir() => "it is a directory, not a file".to_owned(),
        _ => "it cannot be opened; the file and its directory must be writable".to_owned(),
    }
}
