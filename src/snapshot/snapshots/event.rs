//! What an event makes of an entity: asked of the vendor, or taken from the event itself.

use super::Snapshots;
use crate::http::Fetch;
use crate::snapshot::fetching::{self, Fetched};
use crate::snapshot::row::{Cause, Seen};
use crate::snapshot::{SnapshotError, contraction, order};
use crate::store::Kind;

impl Snapshots {
    /// Asks the vendor for an event's sake; the caller writes the result in its transaction.
    pub(crate) fn look_for_event(
        &self,
        fetch: &dyn Fetch,
        resource: &str,
        id: &str,
        event_id: &str,
    ) -> Result<Fetched, SnapshotError> {
        let entity = self.entity(resource, id)?;
        fetching::look(
            self.store.as_ref(),
            fetch,
            &entity,
            Cause::Event(event_id),
            None,
        )
    }

    /// What an event itself says about an entity: its content, or that it is no more. The caller
    /// writes the result in its transaction; what is older than the stored content leaves it.
    pub(crate) fn take_from_event(
        &self,
        resource: &str,
        id: &str,
        data: Option<&serde_json::Value>,
        is_gone: bool,
        event_id: &str,
    ) -> Result<Fetched, SnapshotError> {
        let entity = self.entity(resource, id)?;
        contraction::check(self.store.as_ref(), &entity)?;
        let unusable = |message: &str| SnapshotError::Unusable {
            connection: self.connection.clone(),
            resource: resource.to_owned(),
            id: id.to_owned(),
            message: message.to_owned(),
        };
        let data = data.ok_or_else(|| unusable("the event has no data where they should be"))?;
        let pointer = entity.rule.order.as_deref().unwrap_or_default();
        let rank = data.pointer(pointer).and_then(order::rank);
        let rank = rank.ok_or_else(|| unusable("the event's data have no order"))?;
        let seen = if is_gone {
            Seen::GoneAt(rank)
        } else {
            Seen::Content {
                json: data.to_string().into_bytes(),
                etag: None,
                last_modified: None,
            }
        };
        let stored = self.store.read(Kind::Snapshot, &entity.key())?;
        let now_ms = self.store.now_ms()?;
        let cause = Cause::Event(event_id);
        let stored = stored.as_ref();
        Ok(fetching::would_write(&entity, stored, &seen, cause, now_ms))
    }
}
