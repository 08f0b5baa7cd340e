//! `Causeway\Snapshots`: the last good answer for each remote entity.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendClassObject, ZendHashTable, Zval};

use super::backfill::count;
use super::client::PhpClient;
use super::connection::{Connection, SharedFlight};
use super::snapshot::PhpSnapshot;
use super::{callbacks, durable, value};
use crate::snapshot::{RewriteProgress, Shapes, Snapshots};

/// The last good answer for each remote entity. The connection's `resources` option says which.
#[php_class]
#[php(name = "Causeway\\Snapshots", flags = ClassFlags::Final)]
pub struct PhpSnapshots {
    connection: Rc<Connection>,
    snapshots: Rc<Snapshots>,
}

/// The snapshots of a connection, for the classes that work on them.
pub(super) fn snapshots_of(connection: &Rc<Connection>, who: &str) -> PhpResult<Rc<Snapshots>> {
    let plan = connection.client.plan();
    let flight = Rc::new(SharedFlight::new(connection.shared.clone()));
    let store = connection.store(who)?;
    let resources = plan.resources.clone();
    let page = plan.timeouts.page;
    Ok(Rc::new(Snapshots::new(
        store, &plan.name, resources, page, flight,
    )))
}

impl PhpSnapshots {
    fn shapes(&self, resource: &str) -> PhpResult<Shapes> {
        Shapes::new(Rc::clone(&self.snapshots), resource).map_err(durable::snapshot_error)
    }
}

#[php_impl]
impl PhpSnapshots {
    /// The snapshots of this connection, in its store.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When the client has no store.
    pub fn __construct(client: &PhpClient) -> PhpResult<Self> {
        let connection = Rc::clone(client.connection());
        let snapshots = snapshots_of(&connection, "Snapshots")?;
        Ok(Self {
            connection,
            snapshots,
        })
    }

    /// The snapshot: fresh; or stale, and noted for refreshStale(); or, when there is none,
    /// fetched now within the connection's timeouts.page_ms, once for all workers that ask.
    ///
    /// @throws \Causeway\Exception\SnapshotMissingException
    ///   When there is none and none could be had; the cause is the previous exception.
    #[php(name = "get")]
    pub fn get(&self, resource: &str, id: &str) -> PhpResult<PhpSnapshot> {
        let snapshot = self.snapshots.get(&self.connection.fetcher(), resource, id);
        snapshot
            .map(PhpSnapshot::new)
            .map_err(durable::snapshot_error)
    }

    /// As get(), but never fetches and notes nothing.
    #[php(name = "peek")]
    pub fn peek(&self, resource: &str, id: &str) -> PhpResult<Option<PhpSnapshot>> {
        let snapshot = self
            .snapshots
            .peek(resource, id)
            .map_err(durable::snapshot_error)?;
        Ok(snapshot.map(PhpSnapshot::new))
    }

    /// Several snapshots by id, as get() has them.
    ///
    /// @param list<string> $ids
    ///
    /// @return array<array-key, \Causeway\Snapshot>
    ///   By id; those that could not be had are left out.
    #[php(name = "many")]
    pub fn many(&self, resource: &str, ids: &ZendHashTable) -> PhpResult<ZBox<ZendHashTable>> {
        let ids: Vec<String> = ids
            .values()
            .filter_map(value::scalar_bytes)
            .filter_map(|id| String::from_utf8(id).ok())
            .collect();
        let found = self
            .snapshots
            .many(&self.connection.fetcher(), resource, &ids);
        let mut snapshots = ZendHashTable::new();
        for (id, snapshot) in found.map_err(durable::snapshot_error)? {
            let snapshot = ZendClassObject::new(PhpSnapshot::new(snapshot)).into_zval(false)?;
            snapshots.insert(id.as_str(), snapshot)?;
        }
        Ok(snapshots)
    }

    /// Fetches now, revalidating by ETag or Last-Modified, and returns the new snapshot.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "refresh")]
    pub fn refresh(&self, resource: &str, id: &str) -> PhpResult<PhpSnapshot> {
        let snapshot = self
            .snapshots
            .refresh(&self.connection.fetcher(), resource, id);
        snapshot
            .map(PhpSnapshot::new)
            .map_err(durable::snapshot_error)
    }

    /// To be called after the response was sent: refreshes what get() found stale. At most one
    /// refresh at a time runs for a connection on this host; what is skipped is stale at the next
    /// view again.
    ///
    /// @param callable(list<string>): void|null $invalidate
    ///   Gets the cache tags of what changed.
    ///
    /// @return array{refreshed: int, unchanged: int, failed: int, skipped: int}
    #[php(name = "refreshStale")]
    pub fn refresh_stale(
        &self,
        invalidate: Option<ZendCallable<'_>>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let fetcher = self.connection.fetcher();
        let done = match invalidate {
            Some(callable) => {
                let mut invalidate = |tags: &[String]| callbacks::invalidate(&callable, tags);
                self.snapshots
                    .refresh_stale(&fetcher, Some(&mut invalidate))
            }
            None => self.snapshots.refresh_stale(&fetcher, None),
        };
        let done = done.map_err(durable::snapshot_error)?;
        value::record([
            ("refreshed", count(done.refreshed as u64)),
            ("unchanged", count(done.unchanged as u64)),
            ("failed", count(done.failed as u64)),
            ("skipped", count(done.skipped as u64)),
        ])
    }

    /// Invalidates cache tags that a killed process still owes; how many snapshots were settled.
    ///
    /// @param callable(list<string>): void $invalidate
    #[php(name = "settle", defaults(limit = 100))]
    pub fn settle(&self, invalidate: ZendCallable<'_>, limit: i64) -> PhpResult<i64> {
        let mut pay = |tags: &[String]| callbacks::invalidate(&invalidate, tags);
        let settled = self
            .snapshots
            .settle(&mut pay, usize::try_from(limit).unwrap_or(0));
        let settled = settled.map_err(durable::snapshot_error)?;
        Ok(i64::try_from(settled).unwrap_or(i64::MAX))
    }

    /// Stores data that came another way, as a fresh snapshot.
    ///
    /// @param array<string, mixed> $data
    #[php(name = "put")]
    pub fn put(&self, resource: &str, id: &str, data: &ZendHashTable) -> PhpResult<PhpSnapshot> {
        let json = value::json_encode(&value::array(data.to_owned()))?;
        let snapshot = self.snapshots.put(resource, id, &json);
        snapshot
            .map(PhpSnapshot::new)
            .map_err(durable::snapshot_error)
    }

    /// Deletes the snapshot; whether it was there.
    #[php(name = "forget")]
    pub fn forget(&self, resource: &str, id: &str) -> PhpResult<bool> {
        self.snapshots
            .forget(resource, id)
            .map_err(durable::snapshot_error)
    }

    /// How many snapshots of a resource have which shape of their data; see the resource's option
    /// schema.
    ///
    /// @return array<int, int>
    ///   Numbers of rows by version.
    #[php(name = "schemaVersions")]
    pub fn schema_versions(&self, resource: &str) -> PhpResult<ZBox<ZendHashTable>> {
        let counts = self.shapes(resource)?.counts();
        let mut rows = ZendHashTable::new();
        for (version, count) in counts.map_err(durable::snapshot_error)? {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            rows.insert_at_index(i64::from(version), count)?;
        }
        Ok(rows)
    }

    /// Turns old rows of a resource into the shape that is written now, in chunks of one
    /// transaction each; goes on where an earlier run stopped.
    ///
    /// @param callable(array<mixed>, string, int): ?array<mixed> $rewrite
    ///   Gets the data, the id and the version of its shape; NULL drops the snapshot, so that it
    ///   is fetched anew. Runs outside the transaction.
    /// @param callable(int, int): void|null $progress
    ///   Gets the rows that were rewritten and those that are left, after each chunk.
    ///
    /// @return array{rewritten: int, dropped: int, left: int}
    #[php(name = "rewrite", defaults(chunk = 500))]
    #[php(optional = progress)]
    pub fn rewrite(
        &self,
        resource: &str,
        rewrite: ZendCallable<'_>,
        progress: Option<ZendCallable<'_>>,
        chunk: i64,
        limit: Option<i64>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let shapes = self.shapes(resource)?;
        let mut reshape = |json: &[u8], id: &str, version: u32| {
            callbacks::rewrite(&rewrite, json, id, i64::from(version))
        };
        let mut tell = progress.map(|callable| {
            move |done: u64, left: u64| {
                let (done, left) = (count(done), count(left));
                callbacks::call(&callable, vec![&done, &left]).map(|_| ())
            }
        });
        let done = shapes.rewrite(
            &mut reshape,
            tell.as_mut().map(|tell| tell as &mut RewriteProgress<'_>),
            usize::try_from(chunk).unwrap_or(1).max(1),
            limit.map_or(u64::MAX, |limit| u64::try_from(limit).unwrap_or(0)),
        );
        let done = done.map_err(durable::snapshot_error)?;
        value::record([
            ("rewritten", count(done.rewritten)),
            ("dropped", count(done.dropped)),
            ("left", count(done.left)),
        ])
    }

    /// Refuses while snapshots of an older shape remain; then the next release may set schema.from
    /// to the version that is written now. It is recorded in the store: from now on a release that
    /// writes an older shape reads on, but its refresh(), put() and backfills are refused, until
    /// expand().
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When old rows remain; the message says how many.
    #[php(name = "contract")]
    pub fn contract(&self, resource: &str) -> PhpResult<()> {
        let shapes = self.shapes(resource)?;
        shapes.contract().map_err(durable::snapshot_error)
    }

    /// Takes a contraction back, for who must return to an older release.
    #[php(name = "expand")]
    pub fn expand(&self, resource: &str) -> PhpResult<()> {
        let shapes = self.shapes(resource)?;
        shapes.expand().map_err(durable::snapshot_error)
    }

    /// The oldest shape that may be written; 0 where the resource was never contracted.
    #[php(name = "contracted")]
    pub fn contracted(&self, resource: &str) -> PhpResult<i64> {
        let shapes = self.shapes(resource)?;
        let version = shapes.contracted().map_err(durable::snapshot_error)?;
        Ok(i64::from(version))
    }

    /// The connection's name.
    #[php(name = "connection")]
    pub fn connection(&self) -> Zval {
        value::bytes(self.connection.client.plan().name.as_bytes())
    }
}
