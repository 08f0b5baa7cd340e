//! Records as PHP arrays, both ways.
//!
//! A database may hand numbers back as strings; anything else that does not fit its column is a
//! corrupt record, and the error names the column.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::types::ZendHashTable;

use super::value;
use crate::store::{Count, Key, Record, StoreError, StoreErrorKind};

/// The array that a PHP store gets and gives.
pub(super) fn to_array(record: &Record) -> PhpResult<ZBox<ZendHashTable>> {
    let text = |text: &str| value::bytes(text.as_bytes());
    value::record([
        ("key", text(&record.key.to_string())),
        ("scope", text(&record.scope)),
        ("label", text(&record.label)),
        ("state", text(&record.state)),
        ("version", value::int(record.version)),
        ("due_at_ms", value::int(record.due_at_ms)),
        ("lease_until_ms", value::int(record.lease_until_ms)),
        ("token", value::int(record.token)),
        ("attempts", value::int(record.attempts)),
        ("checksum", text(&record.checksum)),
        ("created_at_ms", value::int(record.created_at_ms)),
        ("updated_at_ms", value::int(record.updated_at_ms)),
        ("detail", text(&record.detail)),
        (
            "payload",
            record
                .payload
                .as_deref()
                .map_or_else(ext_php_rs::types::Zval::null, value::bytes),
        ),
    ])
}

/// The record that a PHP array stands for.
pub(super) fn from_array(array: &ZendHashTable) -> Result<Record, StoreError> {
    let key = text(array, "key")?;
    Ok(Record {
        key: Key::parse(&key).ok_or_else(|| corrupt("key"))?,
        scope: text(array, "scope")?,
        label: text(array, "label")?,
        state: text(array, "state")?,
        version: number(array, "version")?,
        due_at_ms: number(array, "due_at_ms")?,
        lease_until_ms: number(array, "lease_until_ms")?,
        token: number(array, "token")?,
        attempts: number(array, "attempts")?,
        checksum: text(array, "checksum")?,
        created_at_ms: number(array, "created_at_ms")?,
        updated_at_ms: number(array, "updated_at_ms")?,
        detail: text(array, "detail")?,
        payload: array.get("payload").and_then(value::scalar_bytes),
    })
}

/// Where a walk goes on: a due time and a key.
pub(super) fn place_from_array(array: &ZendHashTable) -> Result<(i64, Key), StoreError> {
    let key = Key::parse(&text(array, "key")?).ok_or_else(|| corrupt("key"))?;
    Ok((number(array, "due_at_ms")?, key))
}

/// The array of such a place.
pub(super) fn place_to_array(place: (i64, Key)) -> PhpResult<ZBox<ZendHashTable>> {
    value::record([
        ("due_at_ms", value::int(place.0)),
        ("key", value::bytes(place.1.to_string().as_bytes())),
    ])
}

/// The count that a row of `counts()` stands for.
pub(super) fn count_from_array(array: &ZendHashTable) -> Result<Count, StoreError> {
    Ok(Count {
        scope: text(array, "scope")?,
        state: text(array, "state")?,
        count: number(array, "count")?,
        oldest_due_at_ms: number(array, "oldest_due_at_ms")?,
    })
}

/// The row that a count becomes.
pub(super) fn count_to_array(count: &Count) -> PhpResult<ZBox<ZendHashTable>> {
    value::record([
        ("scope", value::bytes(count.scope.as_bytes())),
        ("state", value::bytes(count.state.as_bytes())),
        ("count", value::int(count.count)),
        ("oldest_due_at_ms", value::int(count.oldest_due_at_ms)),
    ])
}

fn text(array: &ZendHashTable, column: &str) -> Result<String, StoreError> {
    array
        .get(column)
        .and_then(value::scalar_bytes)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| corrupt(column))
}

fn number(array: &ZendHashTable, column: &str) -> Result<i64, StoreError> {
    text(array, column)?.parse().map_err(|_| corrupt(column))
}

fn corrupt(column: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        format!("a record's column '{column}' is missing or of another type"),
    )
}
