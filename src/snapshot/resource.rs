//! What a connection says about one of its resources.

use std::time::Duration;

/// A resource: where an entity is, how long it is fresh, which tags pages carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The path, with `{id}` in it, relative to the base URI.
    pub path: String,
    /// For how long an answer is fresh.
    pub fresh: Duration,
    /// For how long beyond that it may be shown when the vendor fails; `None` is without bound.
    pub stale_if_error: Option<Duration>,
    /// Cache tags, with `{id}` in them.
    pub cache_tags: Vec<String>,
}
