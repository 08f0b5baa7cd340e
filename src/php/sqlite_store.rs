//! `Causeway\Store\SqliteStore`: Causeway's own records in a SQLite file.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::store_interface::{PhpInterfaceStoreInterface, StoreInterface};
use super::{record, throw, value};
use crate::store::{Key, Kind, Query, SqliteStore, Store};

/// Causeway's own records in one SQLite file, which the extension alone opens in this process.
///
/// The file is in WAL mode, and a write returns once it is on disk: what was reported as stored survives
/// a power cut. It holds no effects of others: atomically() is for an application's own database.
#[php_class]
#[php(name = "Causeway\\Store\\SqliteStore", flags = ClassFlags::Final)]
pub struct PhpSqliteStore {
    store: Rc<SqliteStore>,
}

impl PhpSqliteStore {
    pub(super) fn store(&self) -> Rc<dyn Store> {
        Rc::clone(&self.store) as Rc<dyn Store>
    }
}

#[php_impl]
impl PhpSqliteStore {
    /// Opens the file, or makes it in a directory that exists.
    ///
    /// @throws \Causeway\Exception\StoreException
    ///   When it cannot be opened or is no SQLite file.
    pub fn __construct(path: &str) -> PhpResult<Self> {
        let store = SqliteStore::open_kept(std::path::Path::new(path)).map_err(throw::store)?;
        Ok(Self {
            store: Rc::new(store),
        })
    }
}

#[php_impl_interface]
impl StoreInterface for PhpSqliteStore {
    fn now_ms(&self) -> PhpResult<i64> {
        self.store.now_ms().map_err(throw::store)
    }

    fn insert(&self, kind: &str, record: &ZendHashTable) -> PhpResult<bool> {
        let record = record::from_array(record).map_err(throw::store)?;
        self.store
            .insert(kind_of(kind)?, &record)
            .map_err(throw::store)
    }

    fn read(&self, kind: &str, key: &str) -> PhpResult<Option<ZBox<ZendHashTable>>> {
        let found = self
            .store
            .read(kind_of(kind)?, &key_of(key)?)
            .map_err(throw::store)?;
        found.as_ref().map(record::to_array).transpose()
    }

    fn replace(&self, kind: &str, record: &ZendHashTable, version: i64) -> PhpResult<bool> {
        let record = record::from_array(record).map_err(throw::store)?;
        self.store
            .replace(kind_of(kind)?, &record, version)
            .map_err(throw::store)
    }

    fn find(
        &self,
        kind: &str,
        states: &ZendHashTable,
        scope: Option<&str>,
        dueUntilMs: Option<i64>,
        limit: i64,
        withPayload: bool,
        after: Option<&ZendHashTable>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let states = texts(states);
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        let limit = usize::try_from(limit).unwrap_or(0);
        let query = Query {
            states: &states,
            scope,
            after: after
                .map(record::place_from_array)
                .transpose()
                .map_err(throw::store)?,
            due_until_ms: dueUntilMs,
            limit,
            with_payload: withPayload,
        };
        let found = self
            .store
            .find(kind_of(kind)?, &query)
            .map_err(throw::store)?;
        let rows = found
            .iter()
            .map(record::to_array)
            .collect::<PhpResult<Vec<_>>>()?;
        value::list(rows.into_iter().map(value::array))
    }

    fn count_up_to(
        &self,
        kind: &str,
        states: &ZendHashTable,
        scope: Option<&str>,
        atMost: i64,
    ) -> PhpResult<i64> {
        let states = texts(states);
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        let at_most = usize::try_from(atMost).unwrap_or(0);
        let counted = self
            .store
            .count_up_to(kind_of(kind)?, &states, scope, at_most)
            .map_err(throw::store)?;
        Ok(i64::try_from(counted).unwrap_or(i64::MAX))
    }

    fn counts(&self, kind: &str) -> PhpResult<ZBox<ZendHashTable>> {
        let counts = self.store.counts(kind_of(kind)?).map_err(throw::store)?;
        let rows = counts
            .iter()
            .map(record::count_to_array)
            .collect::<PhpResult<Vec<_>>>()?;
        value::list(rows.into_iter().map(value::array))
    }

    fn delete(&self, kind: &str, key: &str) -> PhpResult<bool> {
        self.store
            .delete(kind_of(kind)?, &key_of(key)?)
            .map_err(throw::store)
    }

    fn erase(&self, kind: &str, keys: &ZendHashTable) -> PhpResult<i64> {
        let keys = texts(keys);
        let keys = keys.iter().map(|key| key_of(key));
        let keys = keys.collect::<PhpResult<Vec<_>>>()?;
        let erased = self
            .store
            .erase(kind_of(kind)?, &keys)
            .map_err(throw::store)?;
        Ok(i64::try_from(erased).unwrap_or(i64::MAX))
    }

    fn purge(
        &self,
        kind: &str,
        states: &ZendHashTable,
        beforeMs: i64,
        limit: i64,
    ) -> PhpResult<i64> {
        let states = texts(states);
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        let limit = usize::try_from(limit).unwrap_or(0);
        let purged = self
            .store
            .purge(kind_of(kind)?, &states, beforeMs, limit)
            .map_err(throw::store)?;
        Ok(i64::try_from(purged).unwrap_or(i64::MAX))
    }

    fn atomically(&self, work: ZendCallable<'_>) -> PhpResult<Zval> {
        let _ = work;
        Err(throw::store_misuse(
            "SqliteStore holds Causeway's own records only; to commit effects of your own together \
             with them, implement Causeway\\Store over your database",
        ))
    }
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
