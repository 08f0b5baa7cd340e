//! What people and clean-up do to a ledger: replay what died, erase payloads, delete rows.
//!
//! Rows are kept for longer than any sender repeats a delivery, else a late repeat would be new.

use std::time::Duration;

use super::{CONFLICT, DONE, Ledger, key_of};
use crate::idempotency::upkeep::{self, Erasing, ReplayFilter};
use crate::store::{Key, Kind, StoreError};

impl Ledger {
    /// Puts a dead letter back in line; whether there was one.
    ///
    /// # Errors
    /// When the store failed.
    pub fn replay(&self, source: &str, event_id: &str) -> Result<bool, StoreError> {
        upkeep::replay(self.store.as_ref(), Kind::Inbox, &key_of(source, event_id))
    }

    /// Puts up to `limit` dead letters back in line, the longest dead first; how many.
    ///
    /// # Errors
    /// When the store failed; those before are back in line.
    pub fn replay_all(&self, filter: ReplayFilter<'_>, limit: usize) -> Result<usize, StoreError> {
        upkeep::replay_all(self.store.as_ref(), Kind::Inbox, filter, limit)
    }

    /// Deletes done rows (and kept conflicts) that are older than this; how many went. Keep them
    /// for longer than any sender repeats: 76 h for Standard Webhooks.
    ///
    /// # Errors
    /// When the store failed.
    pub fn purge(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let before_ms = upkeep::before_ms(self.store.as_ref(), older_than)?;
        self.store
            .purge(Kind::Inbox, &[DONE, CONFLICT], before_ms, limit)
    }

    /// Erases the payloads of rows (and conflicts) that were done before; how many rows it looked
    /// at, at most `limit`: fewer mean that nothing is left. The rows stay, and know a duplicate by
    /// its checksum.
    ///
    /// # Errors
    /// When the store failed.
    pub fn erase_payloads(&self, older_than: Duration, limit: usize) -> Result<usize, StoreError> {
        let erasing = Erasing {
            kind: Kind::Inbox,
            states: &[DONE, CONFLICT],
            scope: None,
            mark: Key::of(&[b"erased", b"inbox"]),
            before_ms: upkeep::before_ms(self.store.as_ref(), older_than)?,
        };
        upkeep::erase_payloads(self.store.as_ref(), &erasing, limit)
    }
}
