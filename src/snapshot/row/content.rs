//! What was seen, judged beside what is stored: other, the same, older, or no more.

use serde_json::Value;

use super::{Cause, Detail, Entity, Seen, standing_and_shape};
use crate::options::Resource;
use crate::snapshot::order;
use crate::store::{Record, checksum_of};

/// What was seen, beside what is stored.
pub(super) enum Content<'a> {
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

pub(super) fn judge<'a>(
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
pub(super) fn take_over(
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

/// Where a content stands in the resource's order.
fn rank_in(rule: &Resource, json: &[u8]) -> Option<i64> {
    order::rank_of(json, rule.order.as_deref()?)
}

/// Whether two texts have the same values, whatever the order of keys and the spaces.
fn is_same_json(one: &[u8], other: &[u8]) -> bool {
    let value = |json| serde_json::from_slice::<Value>(json).ok();
    one == other || value(one).is_some_and(|one| value(other).is_some_and(|other| one == other))
}
