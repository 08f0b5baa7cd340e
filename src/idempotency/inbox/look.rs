//! An event for people's eyes: redacted, whoever looks.

use super::{EventView, Inbox, payload};
use crate::idempotency::decide;
use crate::store::StoreError;

impl Inbox {
    /// An event as it stands, for people: redacted, whoever looks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn look_at(&self, event_id: &str) -> Result<Option<EventView>, StoreError> {
        let source = self.snapshots.connection();
        let Some(record) = self.ledger.read(source, event_id)? else {
            return Ok(None);
        };
        let detail = decide::detail_of(&record);
        // Payloads may be erased before the rows that prove them.
        let shown = record.payload.as_deref().map_or_else(String::new, |kept| {
            let names = (source, event_id);
            match payload::open(&self.options.keys, names, &detail, kept) {
                Ok(payload) => payload::shown(&payload, &self.options.redact),
                Err(error) => error.to_string(),
            }
        });
        Ok(Some(EventView::of(record, &detail, shown)))
    }
}
