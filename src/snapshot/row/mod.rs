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

mod content;
mod detail;
mod entity;
mod state;

use super::freshness::millis;
use crate::store::{Record, checksum_of};
use content::{Content, judge, take_over};
pub use detail::Detail;
pub use entity::Entity;
use state::state_of;
pub use state::{CURRENT, GONE, OWED, standing_and_shape, state, states_up_to};

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

/// A page may have said of a row that is new now that it is missing.
fn owes_when_new(cause: Cause<'_>) -> bool {
    match cause {
        Cause::Event(_) | Cause::Reconcile => true,
        Cause::Backfill | Cause::Fetch | Cause::Put => false,
    }
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
