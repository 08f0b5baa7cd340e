//! `Causeway\Snapshot`: one remote entity as it was last seen.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::value;
use crate::snapshot::Snapshot;

/// One remote entity as it was last seen.
#[php_class]
#[php(name = "Causeway\\Snapshot", flags = ClassFlags::Final)]
pub struct PhpSnapshot {
    snapshot: Snapshot,
}

impl PhpSnapshot {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }
}

#[php_impl]
impl PhpSnapshot {
    /// The resource's name.
    #[php(name = "resource")]
    pub fn resource(&self) -> String {
        self.snapshot.resource().to_owned()
    }

    /// The entity's id at the vendor.
    #[php(name = "id")]
    pub fn id(&self) -> String {
        self.snapshot.id().to_owned()
    }

    /// The decoded JSON, objects as arrays.
    #[php(name = "data")]
    pub fn data(&self) -> PhpResult<Zval> {
        value::json_decode(self.snapshot.data(), 512)
    }

    /// Whether it is older than the resource's fresh_s.
    #[php(name = "isStale")]
    pub fn is_stale(&self) -> bool {
        self.snapshot.is_stale()
    }

    /// When the vendor last confirmed it, Unix milliseconds.
    #[php(name = "fetchedAtMs")]
    pub fn fetched_at_ms(&self) -> i64 {
        self.snapshot.fetched_at_ms()
    }

    /// Until when it is fresh, Unix milliseconds.
    #[php(name = "freshUntilMs")]
    pub fn fresh_until_ms(&self) -> i64 {
        self.snapshot.fresh_until_ms()
    }

    /// Seconds for a page's max-age; 0 when stale.
    #[php(name = "maxAgeS")]
    pub fn max_age_s(&self) -> i64 {
        self.snapshot.max_age_s()
    }

    /// The cache tags of this entity.
    ///
    /// @return list<string>
    #[php(name = "tags")]
    pub fn tags(&self) -> PhpResult<ZBox<ZendHashTable>> {
        value::list(
            self.snapshot
                .tags()
                .iter()
                .map(|tag| value::bytes(tag.as_bytes())),
        )
    }

    /// The version of the shape that its data have: the resource's schema.version, or an older one
    /// that was not rewritten yet.
    #[php(name = "schemaVersion")]
    pub fn schema_version(&self) -> i64 {
        i64::from(self.snapshot.shape())
    }

    /// Rises with each write.
    #[php(name = "version")]
    pub fn version(&self) -> i64 {
        self.snapshot.version()
    }

    /// SHA-256 of the JSON as it was answered, 64 hex digits.
    #[php(name = "checksum")]
    pub fn checksum(&self) -> String {
        self.snapshot.checksum().to_owned()
    }

    /// The vendor's ETag, where it gave one.
    #[php(name = "etag")]
    pub fn etag(&self) -> Option<String> {
        self.snapshot.etag().map(str::to_owned)
    }
}
