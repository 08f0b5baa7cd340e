//! The record that a resource was contracted: no release that writes an older shape may write.
//!
//! It stands in the store, beside the cursors, so that every host sees it, also a release that was
//! left running or was rolled back to. Such a release reads on; where it would ask the vendor or
//! store something it is refused, with the words for it. It is looked at before the vendor is
//! asked, outside the transaction that writes: a write that was under way at that moment is found
//! by contracting again.

use serde_json::{Map, Value};

use super::SnapshotError;
use super::row::Entity;
use crate::store::{Key, Kind, Record, Store, StoreError};

/// The record's state.
const CONTRACTED: &str = "contracted";
/// The name of the version in its detail.
const VERSION: &str = "version";
/// How often it is written again when another writer was first.
const RACES_AT_MOST: usize = 8;

/// The oldest shape that may be written; 0 where nothing is said.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn version(store: &dyn Store, entity: &Entity<'_>) -> Result<u32, StoreError> {
    let record = store.read(Kind::Cursor, &key(entity))?;
    Ok(record.as_ref().map_or(0, version_of))
}

/// Refuses a release that writes a shape older than what the resource was contracted to.
///
/// # Errors
/// That; or when the store cannot be read.
pub(super) fn check(store: &dyn Store, entity: &Entity<'_>) -> Result<(), SnapshotError> {
    let contracted = version(store, entity)?;
    let writes = entity.rule.schema.version;
    if writes >= contracted {
        return Ok(());
    }
    Err(SnapshotError::Contracted {
        connection: entity.connection.to_owned(),
        resource: entity.resource.to_owned(),
        contracted,
        writes,
    })
}

/// Records that the resource is contracted to this version, or, with 0, that it is no more.
///
/// # Errors
/// When the store failed.
pub(super) fn set(store: &dyn Store, entity: &Entity<'_>, version: u32) -> Result<(), StoreError> {
    let mut detail = Map::new();
    detail.insert(VERSION.to_owned(), Value::from(version));
    let record = Record {
        detail: Value::Object(detail).to_string(),
        ..Record::new(
            key(entity),
            &entity.scope(),
            CONTRACTED,
            CONTRACTED,
            store.now_ms()?,
        )
    };
    for _ in 0..RACES_AT_MOST {
        let is_written = match store.read(Kind::Cursor, &record.key)? {
            None => store.insert(Kind::Cursor, &record)?,
            Some(stored) => store.replace(Kind::Cursor, &record, stored.version)?,
        };
        if is_written {
            return Ok(());
        }
    }
    Err(StoreError::lost_race())
}

fn version_of(record: &Record) -> u32 {
    let detail: Value = serde_json::from_str(&record.detail).unwrap_or_default();
    let version = detail.get(VERSION).and_then(Value::as_u64);
    version.map_or(0, |version| u32::try_from(version).unwrap_or(u32::MAX))
}

fn key(entity: &Entity<'_>) -> Key {
    let parts: [&[u8]; 3] = [
        b"contracted",
        entity.connection.as_bytes(),
        entity.resource.as_bytes(),
    ];
    Key::of(&parts)
}
