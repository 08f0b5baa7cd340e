//! What people and clean-up do to an outbox: replay what died, erase payloads, delete items.

use std::time::Duration;

use super::chain::{self, LANE};
use super::{ENDED, Outbox, item_key};
use crate::idempotency::upkeep::{self, Erasing, ReplayFilter};
use crate::store::{Key, Kind, Query, StoreError, atomically};

impl Outbox {
    /// Puts a dead write back in line, under the key that it had. False where it is not dead.
    ///
    /// # Errors
    /// When the store failed.
    pub fn replay(&self, id: &str) -> Result<bool, StoreError> {
        upkeep::replay(
            self.store.as_ref(),
            Kind::Outbox,
            &item_key(&self.connection, id),
        )
    }

    /// Puts up to `limit` dead writes back in line that died in this span of time (Unix
    /// milliseconds, both ends belong to it), the longest dead first; how many. The order of their
    /// keys is kept, as a dead write is the first of its key.
    ///
    /// # Errors
    /// When the store failed; those before are back in line.
    pub fn replay_all(
        &self,
        from_ms: Option<i64>,
        until_ms: Option<i64>,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let filter = ReplayFilter {
            source: Some(&self.connection),
            from_ms,
            until_ms,
        };
        upkeep::replay_all(self.store.as_ref(), Kind::Outbox, filter, limit)
    }

    /// Erases the payloads of writes that ended before: sent, cancelled or thrown away. How many
    /// it looked at, at most `limit`: fewer mean that nothing is left. The rows stay, and know a
    /// write that is recorded again by its checksum.
    ///
    /// # Errors
    /// When the store failed.
    pub fn erase_payloads(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let erasing = Erasing {
            kind: Kind::Outbox,
            states: ENDED,
            scope: Some(&self.connection),
            mark: Key::of(&[b"erased", b"outbox", self.connection.as_bytes()]),
            before_ms: upkeep::before_ms(self.store.as_ref(), older_than)?,
        };
        upkeep::erase_payloads(self.store.as_ref(), &erasing, limit)
    }

    /// Deletes ended items that are older than this, and the lanes of keys that nothing waits in;
    /// how many items went. Keep them for longer than a caller may record the same id again.
    ///
    /// # Errors
    /// When the store failed.
    pub fn purge(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let before_ms = upkeep::before_ms(self.store.as_ref(), older_than)?;
        let idle = Query {
            states: &[LANE],
            scope: Some(&self.connection),
            due_until_ms: Some(before_ms),
            limit,
            ..Query::default()
        };
        for lane in self.store.find(Kind::Outbox, &idle)? {
            atomically(self.store.as_ref(), || {
                let read = self.store.read(Kind::Outbox, &lane.key)?;
                let still = read.filter(|now| now.version == lane.version);
                if let Some(lane) = still
                    && chain::is_idle(self.store.as_ref(), &lane)?
                {
                    self.store.delete(Kind::Outbox, &lane.key)?;
                }
                Ok(())
            })?;
        }
        self.store.purge(Kind::Outbox, ENDED, before_ms, limit)
    }
}
