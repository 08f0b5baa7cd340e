//! Which record follows which, from what the vendor said. Pure.
//!
//! | state | means |
//! |---|---|
//! | current | pages that show it are right |
//! | owed | pages may show an older content until `detail.owed_tags` are invalidated |
//! | gone | the vendor says that there is no such entity any more; the payload is empty |
//!
//! A gone entity that still owes tags is `owed` with `detail.gone`. A shape of the data above the
//! first stands in the state too (`current@2`), so that a store finds and counts the old ones.
//!
//! Every look at the vendor makes a new version, also when the content is the same. Tags are owed
//! when the content changed; a row that is new owes them when an event made it, as a page may have
//! said that it is missing. Owed tags that were never paid stay owed, whatever the new answer is.
//! The same values in another spelling (order of keys, spaces) are the same content. A content
//! that the vendor's own order says is older than the stored one is not taken.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::freshness::millis;
use super::order;
use crate::options::Resource;
use crate::store::{Key, Record, checksum_of};

/// Pages that show it are right.
pub const CURRENT: &str = "current";
/// Tags are owed.
pub const OWED: &str = "owed";
/// The entity is no more.
pub const GONE: &str = "gone";

/// The state of rows in this standing, whose data have this shape.
pub fn state(standing: &str, shape: u32) -> String {
    if shape <= 1 {
        standing.to_owned()
    } else {
        format!("{standing}@{shape}")
    }
}

/// A state's standing, and the shape of its data.
pub fn standing_and_shape(state: &str) -> (&str, u32) {
    match state.split_once('@') {
        Some((standing, shape)) => (standing, shape.parse().unwrap_or(1)),
        None => (state, 1),
    }
}

/// The states of one standing in every shape up to this one.
pub fn states_up_to(standing: &str, shape: u32) -> Vec<String> {
    (1..=shape).map(|shape| state(standing, shape)).collect()
}

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
    /// There is none since a change of this rank in the resource's order.
    GoneAt(i64),
}

/// Why a snapshot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// An event of this id.
    Event(&'a str),
    /// A walk over a list.
    Backfill,
    /// A comparison with a list.
    Reconcile,
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
            Self::Reconcile => "reconcile".to_owned(),
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
    /// Where the content, or its end, stands in the resource's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<i64>,
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
    /// What was seen is older than what is stored, by the vendor's own order: that stays.
    pub is_outrun: bool,
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
    let content = judge(entity, stored, before.as_ref(), seen, cause);
    let shape = take_over(&content, entity, before.as_ref(), &mut record, &mut detail);
    let is_changed = matches!(content, Content::Another { .. } | Content::Gone { .. })
        && stored.map(|stored| &stored.checksum) != Some(&record.checksum);
    // Also where the content is known and its bytes are not there any more, they are written.
    if !is_changed && !matches!(content, Content::Another { .. }) {
        record.payload = None;
    }
    let owes = is_changed && (stored.is_some() || owes_when_new(cause));
    detail.owed_tags = owed(before.as_ref(), owes.then_some(&detail.tags));
    record.state = state_of(&detail, shape);
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
        is_outrun: matches!(content, Content::Outrun),
    }
}

/// What was seen, beside what is stored.
enum Content<'a> {
    /// This is the content now.
    Another {
        json: &'a [u8],
        etag: Option<&'a String>,
        last_modified: Option<&'a String>,
    },
    /// The same in other bytes, under new validators.
    Same {
        etag: Option<&'a String>,
        last_modified: Option<&'a String>,
    },
    /// It is as it was.
    Unchanged,
    /// The stored one is newer.
    Outrun,
    /// There is none any more.
    Gone { rank: Option<i64> },
}

fn judge<'a>(
    entity: &Entity<'_>,
    stored: Option<&Record>,
    before: Option<&Detail>,
    seen: &'a Seen,
    cause: Cause<'_>,
) -> Content<'a> {
    let is_event = matches!(cause, Cause::Event(_));
    let known_rank = || {
        let pointer = entity.rule.order.as_deref()?;
        // What the vendor shows again when it is asked is there again, whatever its rank.
        before.filter(|before| is_event || !before.gone)?;
        let of_content = || order::rank_of(stored?.payload.as_deref()?, pointer);
        before?.rank.or_else(of_content)
    };
    let is_older =
        |rank: Option<i64>| rank.is_some_and(|rank| known_rank().is_some_and(|known| rank < known));
    let (json, etag, last_modified) = match seen {
        Seen::Unchanged => return Content::Unchanged,
        Seen::Gone => return Content::Gone { rank: None },
        Seen::GoneAt(rank) if is_older(Some(*rank)) => return Content::Outrun,
        Seen::GoneAt(rank) => return Content::Gone { rank: Some(*rank) },
        Seen::Content {
            json,
            etag,
            last_modified,
        } => (json, etag.as_ref(), last_modified.as_ref()),
    };
    if is_older(rank_in(entity.rule, json)) {
        return Content::Outrun;
    }
    let known = stored
        .filter(|_| before.is_some_and(|before| !before.gone))
        .and_then(|stored| stored.payload.as_deref());
    if known.is_some_and(|known| is_same_json(json, known)) {
        return Content::Same {
            etag,
            last_modified,
        };
    }
    Content::Another {
        json,
        etag,
        last_modified,
    }
}

/// Writes the content into the record and its detail; the shape that its data have.
fn take_over(
    content: &Content<'_>,
    entity: &Entity<'_>,
    before: Option<&Detail>,
    record: &mut Record,
    detail: &mut Detail,
) -> u32 {
    let stored_shape = standing_and_shape(&record.state).1;
    let mut validators = |etag: Option<&String>, last_modified: Option<&String>| {
        detail.etag = etag.cloned();
        detail.last_modified = last_modified.cloned();
    };
    match content {
        Content::Another {
            json,
            etag,
            last_modified,
        } => {
            record.checksum = checksum_of(json);
            record.payload = Some(json.to_vec());
            validators(*etag, *last_modified);
            detail.rank = rank_in(entity.rule, json);
            entity.rule.schema.version
        }
        Content::Same {
            etag,
            last_modified,
        } => {
            validators(*etag, *last_modified);
            detail.rank = before.and_then(|before| before.rank);
            entity.rule.schema.version
        }
        Content::Unchanged | Content::Outrun => {
            let before = before.cloned().unwrap_or_default();
            validators(before.etag.as_ref(), before.last_modified.as_ref());
            (detail.rank, detail.gone) = (before.rank, before.gone);
            stored_shape
        }
        Content::Gone { rank } => {
            record.checksum = String::new();
            record.payload = Some(Vec::new());
            detail.gone = true;
            detail.rank = *rank;
            1
        }
    }
}

/// A page may have said of a row that is new now that it is missing.
fn owes_when_new(cause: Cause<'_>) -> bool {
    match cause {
        Cause::Event(_) | Cause::Reconcile => true,
        Cause::Backfill | Cause::Fetch | Cause::Put => false,
    }
}

/// Where a content stands in the resource's order.
fn rank_in(rule: &Resource, json: &[u8]) -> Option<i64> {
    order::rank_of(json, rule.order.as_deref()?)
}

/// Whether two texts have the same values, whatever the order of keys and the spaces.
pub(crate) fn is_same_json(one: &[u8], other: &[u8]) -> bool {
    let value = |json| serde_json::from_slice::<Value>(json).ok();
    one == other || value(one).is_some_and(|one| value(other).is_some_and(|other| one == other))
}

/// The record once its tags were invalidated; `None` when it owes nothing.
pub fn paid(record: &Record, now_ms: i64) -> Option<Record> {
    let (standing, shape) = standing_and_shape(&record.state);
    if standing != OWED {
        return None;
    }
    let detail = Detail {
        owed_tags: Vec::new(),
        ..Detail::of(record)
    };
    Some(Record {
        state: state_of(&detail, shape),
        updated_at_ms: now_ms,
        detail: detail.text(),
        payload: None,
        ..record.clone()
    })
}

/// The record with its data in another shape: content, freshness and what is owed stay, but the
/// validators go, as the vendor knows nothing of this shape.
pub(super) fn reshaped(record: &Record, json: Vec<u8>, shape: u32, now_ms: i64) -> Record {
    let detail = Detail {
        etag: None,
        last_modified: None,
        ..Detail::of(record)
    };
    Record {
        state: state_of(&detail, shape),
        checksum: checksum_of(&json),
        updated_at_ms: now_ms,
        detail: detail.text(),
        payload: Some(json),
        ..record.clone()
    }
}

fn state_of(detail: &Detail, shape: u32) -> String {
    match (detail.owed_tags.is_empty(), detail.gone) {
        (false, _) => state(OWED, shape),
        (true, true) => GONE.to_owned(),
        (true, false) => state(CURRENT, shape),
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
