//! `Causeway\Store\RedisStore`: Causeway's own records on a Redis server.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::store_interface::{PhpInterfaceStoreInterface, StoreInterface};
use super::{store_calls, throw, value};
use crate::store::redis::{RedisOptions, RedisStore};
use crate::store::{Query, Store};

/// Causeway's own records on a Redis 7 server, for programs on more than one host.
///
/// What was reported as stored survives what the server's settings make it survive: with
/// appendfsync always a crash of the machine, but not a failover to a replica that had not
/// received it yet. A server that evicts keys (maxmemory-policy) is refused. It holds no effects
/// of others: atomically() is for an application's own database.
#[php_class]
#[php(name = "Causeway\\Store\\RedisStore", flags = ClassFlags::Final)]
pub struct PhpRedisStore {
    store: Rc<RedisStore>,
}

impl PhpRedisStore {
    pub(super) fn store(&self) -> Rc<dyn Store> {
        Rc::clone(&self.store) as Rc<dyn Store>
    }
}

#[php_impl]
impl PhpRedisStore {
    /// Connects to redis://[user:password@]host[:port][/db], rediss://… or redis+unix:///path.
    ///
    /// @param array<string, mixed>|null $options
    ///   prefix (causeway), connect_ms (1000), answer_ms (2000).
    ///
    /// @throws \Causeway\Exception\OptionsException
    /// @throws \Causeway\Exception\StoreException
    ///   When it cannot be reached, or is set to evict keys.
    pub fn __construct(url: &str, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        let options = value::options("RedisStore", options)?;
        let options =
            RedisOptions::parse(&options).map_err(|error| throw::options("RedisStore", &error))?;
        let store = RedisStore::connect(url, &options).map_err(throw::store)?;
        Ok(Self {
            store: Rc::new(store),
        })
    }
}

#[php_impl_interface]
impl StoreInterface for PhpRedisStore {
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
        store_calls::atomically("RedisStore")
    }
}
