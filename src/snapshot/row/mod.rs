//! Which record follows which, from what the vendor said. Pure.
//!
//! | state | means |
//! |---|---|
//! | current | pages that show it are right |
//! | owed | pages may show an older content until `detail.owed_tags` are invalidated |
//! | gone | the vendor says that there is no such entity any more; the payload is empty |
//!
//! A gone entity that still owes tags is `owed` with `detail.gone`. Every look at the vendor makes
//! a new version, also when the content is the same. Tags are owed when the content changed; a row
//! that is new owes them when an event made it, as a page may have said that it is missing.
//! Owed tags that were never paid stay owed, whatever the new answer is.

use serde::{Deserialize, Serialize};

use super::freshness::millis;
use crate::options::Resource;
use crate::store::{Key, Record, checksum_of};

/// Pages that show it are right.
pub const CURRENT: &str = "current";
/// Tags are owed.
pub const OWED: &str = "owed";
/// The entity is no more.
pub const GONE: &str = "gone";

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

/// What the vendor said about an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// This is its content.
    Content {
        /// JSON, as it was answered.
        json: Vec<u8>,
        /// The validator for the next look.
        etag: Option<String>,
        /// The vendor's `Last-Modified`, as it was answered.
        last_modified: Option<String>,
    },
    /// It is as it was.
    Unchanged,
    /// There is no such entity.
    Gone,
}

/// Why a snapshot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// An event of this id.
    Event(&'a str),
    /// A walk over a list.
    Backfill,
    /// A page or a refresh.
    Fetch,
    /// The application.
    Put,
}

impl Cause<'_> {
    fn word(self) -> String {
        match self {
            Self::Event(id) => id.to_owned(),
            Self::Backfill => "backfill".to_owned(),
            Self::Fetch => "fetch".to_owned(),
            Self::Put => "put".to_owned(),
        }
    }
}

/// What else a snapshot's row says; `detail` in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The validator of the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The vendor's `Last-Modified`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Which event, or what else, wrote it last.
    pub cause: String,
    /// Tags that are still to be invalidated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owed_tags: Vec<String>,
    /// Tags of pages that show it.
    pub tags: Vec<String>,
    /// When the vendor was asked, Unix milliseconds of the store's clock.
    pub fetched_at_ms: i64,
    /// The vendor says that it is no more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

impl Detail {
    /// What a row says; nothing where it cannot be understood, so that the next look writes it anew.
    pub fn of(record: &Record) -> Self {
        serde_json::from_str(&record.detail).unwrap_or_default()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// The record to be written, and what it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The record; its payload is `None` where the stored one stays.
    pub record: Record,
    /// The version that it replaces; `None` inserts.
    pub replaces: Option<i64>,
    /// Tags to be invalidated once it is written.
    pub owed_tags: Vec<String>,
    /// The content is another, or there was none before.
    pub is_changed: bool,
}

/// The record after a look at the vendor. `asked_at_ms` is from before the vendor was asked.
pub fn next(
    entity: &Entity<'_>,
    stored: Option<&Record>,
    seen: &Seen,
    cause: Cause<'_>,
    asked_at_ms: i64,
) -> Next {
    let before = stored.map(Detail::of);
    let fresh = Record::new(
        entity.key(),
        &entity.scope(),
        entity.id,
        CURRENT,
        asked_at_ms,
    );
    let mut record = stored.cloned().unwrap_or(fresh);
    let mut detail = Detail {
        cause: cause.word(),
        tags: entity.tags(),
        fetched_at_ms: asked_at_ms,
        ..Detail::default()
    };
    let old_checksum = stored.map(|stored| stored.checksum.clone());
    match seen {
        Seen::Content {
            json,
            etag,
            last_modified,
        } => {
            record.checksum = checksum_of(json);
            record.payload = Some(json.clone());
            detail.etag.clone_from(etag);
            detail.last_modified.clone_from(last_modified);
        }
        Seen::Unchanged => {
            record.payload = None;
            let before = before.clone().unwrap_or_default();
            detail.etag = before.etag;
            detail.last_modified = before.last_modified;
        }
        Seen::Gone => {
            record.checksum = String::new();
            record.payload = Some(Vec::new());
            detail.gone = true;
        }
    }
    let is_changed = old_checksum.as_ref() != Some(&record.checksum);
    if !is_changed {
        record.payload = None;
    }
    let owes = is_changed && (stored.is_some() || matches!(cause, Cause::Event(_)));
    detail.owed_tags = owed(before.as_ref(), owes.then_some(&detail.tags));
    record.state = state_of(&detail).to_owned();
    record.due_at_ms = asked_at_ms.saturating_add(millis(entity.rule.fresh));
    record.updated_at_ms = asked_at_ms;
    record.detail = detail.text();
    let replaces = stored.map(|stored| stored.version);
    record.version = replaces.map_or(1, |version| version.saturating_add(1));
    Next {
        record,
        replaces,
        owed_tags: detail.owed_tags,
        is_changed,
    }
}

/// The record once its tags were invalidated; `None` when it owes nothing.
pub fn paid(record: &Record, now_ms: i64) -> Option<Record> {
    if record.state != OWED {
        return None;
    }
    let detail = Detail {
        owed_tags: Vec::new(),
        ..Detail::of(record)
    };
    Some(Record {
        state: state_of(&detail).to_owned(),
        updated_at_ms: now_ms,
        detail: detail.text(),
        payload: None,
        ..record.clone()
    })
}

fn state_of(detail: &Detail) -> &'static str {
    match (detail.owed_tags.is_empty(), detail.gone) {
        (false, _) => OWED,
        (true, true) => GONE,
        (true, false) => CURRENT,
    }
}

/// What was owed, and what is now: also the tags that pages got under an older configuration.
fn owed(before: Option<&Detail>, now: Option<&Vec<String>>) -> Vec<String> {
    let mut tags = before
        .map(|before| before.owed_tags.clone())
        .unwrap_or_default();
    if let Some(now) = now {
        let older = before.map(|before| before.tags.clone()).unwrap_or_default();
        for tag in now.iter().chain(older.iter()) {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
    }
    tags
}

#[cfg(test)]
mod tests;
