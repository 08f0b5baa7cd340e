//! What the objects of one connection share: its client, store, host and place in the segment.

use std::rc::Rc;
use std::time::Duration;

use ext_php_rs::exception::PhpResult;

use super::exception_classes::ExceptionClass;
use super::host::PhpHost;
use super::throw;
use crate::clock;
use crate::http::{Client, Fetcher};
use crate::segment::{self, Lease};
use crate::snapshot::{Leadership, Sighting, SingleFlight};
use crate::store::Store;
use crate::telemetry::Counter;

/// A connection as one PHP request sees it.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) host: PhpHost,
    pub(super) shared: segment::Connection,
    pub(super) store: Option<Rc<dyn Store>>,
}

impl Connection {
    pub(super) fn new(client: Client, store: Option<Rc<dyn Store>>) -> Self {
        let shared = client.connection().clone();
        let host = PhpHost::new(client.plan(), shared.clone(), store.clone());
        Self {
            client,
            host,
            shared,
            store,
        }
    }

    /// The client as durable work sees it.
    pub(super) fn fetcher(&self) -> Fetcher<'_> {
        self.client.fetcher(&self.host)
    }

    /// The store, for what cannot work without one.
    pub(super) fn store(&self, who: &str) -> PhpResult<Rc<dyn Store>> {
        self.store.clone().ok_or_else(|| {
            let message = format!(
                "{}: option 'store' must be a Causeway\\Store for {who}, got nothing: \
                 pass one as the client's third argument",
                self.client.plan().name
            );
            let field = super::value::bytes(b"store");
            throw::exception(ExceptionClass::Options, &message, [("field", field)])
        })
    }
}

/// One fetch at a time among all workers of the host, by leases in the segment.
pub(super) struct SharedFlight {
    shared: segment::Connection,
}

impl SharedFlight {
    pub(super) fn new(shared: segment::Connection) -> Self {
        Self { shared }
    }
}

impl Leadership for Lease {}

impl SingleFlight for SharedFlight {
    fn try_lead(&self, key: &[u8; 32], ttl: Duration) -> Option<Box<dyn Leadership>> {
        let lease = segment::segment().lease(key, ttl, clock::monotonic())?;
        Some(Box::new(lease))
    }

    fn note(&self, sighting: Sighting) {
        let counter = match sighting {
            Sighting::Fresh => Counter::SnapshotFresh,
            Sighting::Stale => Counter::SnapshotStale,
            Sighting::Missing => Counter::SnapshotMissing,
            Sighting::Coalesced => Counter::Coalesced,
        };
        self.shared.count(counter, 1);
    }
}
