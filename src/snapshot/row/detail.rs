//! What a row says beside its payload: JSON in the record's `detail`.

use serde::{Deserialize, Serialize};

use crate::store::Record;

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

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}
