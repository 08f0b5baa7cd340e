//! `Causeway\Store\SqliteStore`: Causeway's own records in a SQLite file.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::store_interface::{PhpInterfaceStoreInterface, StoreInterface};
use super::{store_calls, throw};
use crate::store::{Query, SqliteStore, Store};

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
        store_calls::insert(self.store.as_ref(), kind, record)
    }

    fn read(&self, kind: &str, key: &str) -> PhpResult<Option<ZBox<ZendHashTable>>> {
        store_calls::read(self.store.as_ref(), kind, key)
    }

    fn replace(&self, kind: &str, record: &ZendHashTable, version: i64) -> PhpResult<bool> {
        store_calls::replace(self.store.as_ref(), kind, record, version)
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
        let query = Query {
            scope,
            due_until_ms: dueUntilMs,
            limit: store_calls::size(limit),
            with_payload: withPayload,
            ..Query::default()
        };
        store_calls::find(self.store.as_ref(), kind, states, after, query)
    }

    fn count_up_to(
        &self,
        kind: &str,
        states: &ZendHashTable,
        scope: Option<&str>,
        atMost: i64,
    ) -> PhpResult<i64> {
        store_calls::count_up_to(self.store.as_ref(), kind, states, scope, atMost)
    }

    fn counts(&self, kind: &str) -> PhpResult<ZBox<ZendHashTable>> {
        store_calls::counts(self.store.as_ref(), kind)
    }

    fn delete(&self, kind: &str, key: &str) -> PhpResult<bool> {
        store_calls::delete(self.store.as_ref(), kind, key)
    }

    fn erase(&self, kind: &str, keys: &ZendHashTable) -> PhpResult<i64> {
        store_calls::erase(self.store.as_ref(), kind, keys)
    }

    fn purge(
        &self,
        kind: &str,
        states: &ZendHashTable,
        beforeMs: i64,
        limit: i64,
    ) -> PhpResult<i64> {
        store_calls::purge(self.store.as_ref(), kind, states, beforeMs, limit)
    }

    fn atomically(&self, work: ZendCallable<'_>) -> PhpResult<Zval> {
        let _ = work;
        store_calls::atomically("SqliteStore")
    }
}
