//! Which entity a row is about, and what is called after it.

use crate::options::Resource;
use crate::store::Key;

/// Which entity, and what its connection says about its kind.
#[derive(Clone, Debug)]
pub struct Entity<'a> {
    /// The connection's name.
    pub connection: &'a str,
    /// The resource's name.
    pub resource: &'a str,
    /// The entity's id.
    pub id: &'a str,
    /// The resource.
    pub rule: &'a Resource,
}

impl Entity<'_> {
    /// The row of the entity.
    pub fn key(&self) -> Key {
        let parts: [&[u8]; 4] = [
            b"snapshot",
            self.connection.as_bytes(),
            self.resource.as_bytes(),
            self.id.as_bytes(),
        ];
        Key::of(&parts)
    }

    /// What its row is filed under.
    pub fn scope(&self) -> String {
        format!("{}/{}", self.connection, self.resource)
    }

    /// The tags of pages that show it.
    pub fn tags(&self) -> Vec<String> {
        self.rule
            .cache_tags
            .iter()
            .map(|tag| tag.replace("{id}", self.id))
            .collect()
    }
}
