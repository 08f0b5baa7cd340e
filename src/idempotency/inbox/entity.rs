//! The entity that an event is about: its id, and how it stands.
//!
//! It is fetched anew by its id, or, where the resource has an order, taken from the event itself
//! when that is not older than what is there.

use super::{About, Inbox, InboxEvent, ledger_error, pass};
use crate::http::Fetch;
use crate::idempotency::LedgerError;
use crate::options::Embedded;
use crate::signature::Event;
use crate::snapshot::{Fetched, SnapshotError};

impl Inbox {
    /// The id of the entity that the event is about; `None` where there is none to look at.
    pub(super) fn entity_id(&self, event: &InboxEvent) -> Result<Option<String>, String> {
        let (resource, pointer) = match &self.options.about {
            About::Nothing => return Ok(None),
            About::Fetched(refetch) => (&refetch.resource, &refetch.id_pointer),
            About::Embedded(embedded) => (&embedded.resource, &embedded.id_pointer),
        };
        let id = Event::new(event.source.clone(), &event.id, &event.payload).pointer_id(pointer);
        id.map(Some)
            .ok_or_else(|| format!("the payload has no id of a {resource} at '{pointer}'"))
    }

    /// Looks at the vendor. The outer error is the store's, the inner one the vendor's.
    pub(super) fn fetch(
        &self,
        fetch: &dyn Fetch,
        id: Option<&str>,
        event: &InboxEvent,
    ) -> Result<Result<Option<Fetched>, SnapshotError>, LedgerError> {
        let Some(id) = id else { return Ok(Ok(None)) };
        pass("inbox.before_fetch", true)?;
        let looked = match &self.options.about {
            About::Nothing => return Ok(Ok(None)),
            About::Fetched(refetch) => {
                let snapshots = &self.snapshots;
                snapshots.look_for_event(fetch, &refetch.resource, id, &event.id)
            }
            About::Embedded(embedded) => self.embedded(embedded, id, event),
        };
        pass("inbox.after_fetch", true)?;
        match looked {
            Err(error @ (SnapshotError::Store(_) | SnapshotError::Callback(_))) => {
                Err(ledger_error(error))
            }
            other => Ok(other.map(Some)),
        }
    }

    /// What the event itself says about the entity.
    fn embedded(
        &self,
        embedded: &Embedded,
        id: &str,
        event: &InboxEvent,
    ) -> Result<Fetched, SnapshotError> {
        let json = Event::new(event.source.clone(), &event.id, &event.payload);
        let data = json.pointer(&embedded.data_pointer);
        let is_gone = event
            .kind
            .as_ref()
            .is_some_and(|kind| embedded.gone.contains(kind));
        self.snapshots
            .take_from_event(&embedded.resource, id, data, is_gone, &event.id)
    }
}
