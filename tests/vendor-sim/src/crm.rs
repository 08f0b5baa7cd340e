//! The CRM: contacts by id. Its webhooks are in `webhooks.rs`.
//!
//! Contacts come from a formula; an event bumps its contact, and name and address then carry the
//! version, so that a stale copy can be told from a fresh one at a glance.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use parking_lot::RwLock;
use serde::Serialize;

use crate::World;
use crate::answer::{not_found, tagged};
use crate::time::{ORIGIN_MS, now_ms, rfc3339};

/// Contacts, `c1` and on.
pub const CONTACTS: u32 = 200;

/// One contact.
#[derive(Clone, Debug, Serialize)]
pub struct Contact {
    /// `c1` and on.
    pub id: String,
    /// With the version once it has changed.
    pub name: String,
    /// With the version.
    pub email: String,
    /// 1 at first, one more with each change.
    pub version: u64,
    updated_at: String,
}

/// What the control API can change of a contact; what is not given follows the version.
#[derive(Debug, Default)]
pub struct ContactChange {
    /// New name.
    pub name: Option<String>,
    /// New address.
    pub email: Option<String>,
}

/// The CRM's state.
pub struct Crm {
    contacts: RwLock<Vec<Contact>>,
}

impl Default for Crm {
    fn default() -> Self {
        let contacts = (1..=CONTACTS).map(|number| Contact {
            id: format!("c{number}"),
            name: format!("Contact {number}"),
            email: format!("c{number}.v1@example.test"),
            version: 1,
            updated_at: rfc3339(ORIGIN_MS),
        });
        Self {
            contacts: RwLock::new(contacts.collect()),
        }
    }
}

/// The place of `c7` in the list, if it is an id.
fn index(id: &str) -> Option<usize> {
    let number: usize = id.strip_prefix('c')?.parse().ok()?;
    number.checked_sub(1)
}

impl Crm {
    /// The contact, if there is one of that id.
    pub fn contact(&self, id: &str) -> Option<Contact> {
        let contact = self.contacts.read().get(index(id)?).cloned();
        // `c07` would parse to the same place, but nobody has that id.
        contact.filter(|contact| contact.id == id)
    }

    /// All contacts.
    pub fn contacts(&self) -> Vec<Contact> {
        self.contacts.read().clone()
    }

    /// Changes a contact: version and time always, name and address at least to the version.
    pub fn update(&self, id: &str, change: ContactChange) -> Option<Contact> {
        let mut contacts = self.contacts.write();
        let contact = contacts
            .get_mut(index(id)?)
            .filter(|known| known.id == id)?;
        contact.version += 1;
        let (version, number) = (contact.version, id.trim_start_matches('c'));
        contact.name = change
            .name
            .unwrap_or_else(|| format!("Contact {number} v{version}"));
        contact.email = change
            .email
            .unwrap_or_else(|| format!("{id}.v{version}@example.test"));
        contact.updated_at = rfc3339(now_ms());
        Some(contact.clone())
    }
}

/// The CRM's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/contacts/{id}", get(one))
}

async fn one(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(contact) = world.crm.contact(&id) else {
        return not_found("no such contact");
    };
    let etag = format!("\"{}-v{}\"", contact.id, contact.version);
    tagged(&headers, &etag, &contact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_shows_in_every_field() {
        let crm = Crm::default();
        let after = crm.update("c7", ContactChange::default()).unwrap();
        assert_eq!((after.version, after.name.as_str()), (2, "Contact 7 v2"));
        assert_eq!(after.email, "c7.v2@example.test");
        assert_eq!(crm.contact("c7").unwrap().version, 2);
    }

    #[test]
    fn only_exact_ids_are_contacts() {
        let crm = Crm::default();
        for id in ["c0", "c201", "c07", "7", "c", ""] {
            assert!(crm.contact(id).is_none(), "{id}");
        }
    }
}
