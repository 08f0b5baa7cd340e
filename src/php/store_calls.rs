//! The methods of `Causeway\Store` on one of our own stores, for the classes that are one.
//!
//! The macro wants an implementation of the interface in each class; what they do is here.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::{record, throw, value};
use crate::store::{Key, Kind, Query, Store};

pub(super) fn insert(store: &dyn Store, kind: &str, record: &ZendHashTable) -> PhpResult<bool> {
    let record = record::from_array(record).map_err(throw::store)?;
    store.insert(kind_of(kind)?, &record).map_err(throw::store)
}

pub(super) fn read(
    store: &dyn Store,
    kind: &str,
    key: &str,
) -> PhpResult<Option<ZBox<ZendHashTable>>> {
    let found = store.read(kind_of(kind)?, &key_of(key)?);
    let found = found.map_err(throw::store)?;
    found.as_ref().map(record::to_array).transpose()
}

pub(super) fn replace(
    store: &dyn Store,
    kind: &str,
    record: &ZendHashTable,
    version: i64,
) -> PhpResult<bool> {
    let record = record::from_array(record).map_err(throw::store)?;
    let replaced = store.replace(kind_of(kind)?, &record, version);
    replaced.map_err(throw::store)
}

/// Finds; `states` and `after` are still PHP's.
pub(super) fn find(
    store: &dyn Store,
    kind: &str,
    states: &ZendHashTable,
    after: Option<&ZendHashTable>,
    query: Query<'_>,
) -> PhpResult<ZBox<ZendHashTable>> {
    let states = texts(states);
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let after = after.map(record::place_from_array).transpose();
    let query = Query {
        states: &states,
        after: after.map_err(throw::store)?,
        ..query
    };
    let found = store.find(kind_of(kind)?, &query).map_err(throw::store)?;
    let rows = found.iter().map(record::to_array);
    let rows = rows.collect::<PhpResult<Vec<_>>>()?;
    value::list(rows.into_iter().map(value::array))
}

pub(super) fn count_up_to(
    store: &dyn Store,
    kind: &str,
    states: &ZendHashTable,
    scope: Option<&str>,
    at_most: i64,
) -> PhpResult<i64> {
    let states = texts(states);
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let counted = store.count_up_to(kind_of(kind)?, &states, scope, size(at_most));
    counted.map(number).map_err(throw::store)
}

pub(super) fn counts(store: &dyn Store, kind: &str) -> PhpResult<ZBox<ZendHashTable>> {
    let counts = store.counts(kind_of(kind)?).map_err(throw::store)?;
    let rows = counts.iter().map(record::count_to_array);
    let rows = rows.collect::<PhpResult<Vec<_>>>()?;
    value::list(rows.into_iter().map(value::array))
}

pub(super) fn delete(store: &dyn Store, kind: &str, key: &str) -> PhpResult<bool> {
    store
        .delete(kind_of(kind)?, &key_of(key)?)
        .map_err(throw::store)
}

pub(super) fn erase(store: &dyn Store, kind: &str, keys: &ZendHashTable) -> PhpResult<i64> {
    let keys = texts(keys);
    let keys = keys.iter().map(|key| key_of(key));
    let keys = keys.collect::<PhpResult<Vec<_>>>()?;
    let erased = store.erase(kind_of(kind)?, &keys);
    erased.map(number).map_err(throw::store)
}

pub(super) fn purge(
    store: &dyn Store,
    kind: &str,
    states: &ZendHashTable,
    before_ms: i64,
    limit: i64,
) -> PhpResult<i64> {
    let states = texts(states);
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let purged = store.purge(kind_of(kind)?, &states, before_ms, size(limit));
    purged.map(number).map_err(throw::store)
}

pub(super) fn atomically(class: &str) -> PhpResult<Zval> {
    Err(throw::store_misuse(&format!(
        "{class} holds Causeway's own records only; to commit effects of your own together with \
         them, implement Causeway\\Store over your database"
    )))
}

/// A limit of PHP; nothing where it is negative.
pub(super) fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn number(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn kind_of(name: &str) -> PhpResult<Kind> {
    Kind::parse(name).ok_or_else(|| {
        throw::store_misuse("kind must be one of inbox, outbox, snapshot, cursor, switch")
    })
}

fn key_of(text: &str) -> PhpResult<Key> {
    Key::parse(text).ok_or_else(|| throw::store_misuse("key must be 64 lower-case hex digits"))
}

fn texts(array: &ZendHashTable) -> Vec<String> {
    array.values().filter_map(Zval::string).collect()
}
