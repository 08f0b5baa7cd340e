//! A snapshot, as it is handed out.

use super::freshness::{self, Freshness};
use super::row::{Detail, Entity, standing_and_shape};
use crate::store::Record;

/// One remote entity as it was last seen. Its age is told as of the moment it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    resource: String,
    id: String,
    json: Vec<u8>,
    fresh_until_ms: i64,
    read_at_ms: i64,
    version: i64,
    shape: u32,
    checksum: String,
    freshness: Freshness,
    detail: Detail,
}

impl Snapshot {
    /// The view of a row that was read with its payload.
    pub(super) fn of(entity: &Entity<'_>, record: Record, now_ms: i64) -> Self {
        let bound = entity.rule.stale_if_error;
        let fresh_until_ms = freshness::fresh_until_ms(&record, now_ms);
        Self {
            resource: entity.resource.to_owned(),
            id: entity.id.to_owned(),
            freshness: freshness::judge(fresh_until_ms, bound, now_ms),
            detail: Detail::of(&record),
            json: record.payload.unwrap_or_default(),
            fresh_until_ms,
            read_at_ms: now_ms,
            version: record.version,
            shape: standing_and_shape(&record.state).1,
            checksum: record.checksum,
        }
    }

    /// The resource's name.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The entity's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The JSON, byte for byte as it was answered.
    pub fn data(&self) -> &[u8] {
        &self.json
    }

    /// What may be done with it.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Whether it is older than its resource's freshness.
    pub fn is_stale(&self) -> bool {
        self.freshness != Freshness::Fresh
    }

    /// Whether the vendor says that the entity is no more; such a one is not handed out.
    pub(super) fn is_gone(&self) -> bool {
        self.detail.gone
    }

    /// When the vendor was asked, Unix milliseconds of the store's clock.
    pub fn fetched_at_ms(&self) -> i64 {
        self.detail.fetched_at_ms
    }

    /// Until when it is fresh, Unix milliseconds of the store's clock.
    pub fn fresh_until_ms(&self) -> i64 {
        self.fresh_until_ms
    }

    /// Seconds for a page's max-age; 0 when stale.
    pub fn max_age_s(&self) -> i64 {
        freshness::max_age_s(self.fresh_until_ms, self.read_at_ms)
    }

    /// Cache tags for pages that show it.
    pub fn tags(&self) -> &[String] {
        &self.detail.tags
    }

    /// The version of the shape that its data have.
    pub fn shape(&self) -> u32 {
        self.shape
    }

    /// Rises with every look at the vendor.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// SHA-256 of the JSON as 64 hex digits.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// The vendor's validator.
    pub fn etag(&self) -> Option<&str> {
        self.detail.etag.as_deref()
    }

    /// Which event, or what else, wrote it last.
    pub fn cause(&self) -> &str {
        &self.detail.cause
    }
}
