//! `Causeway\Metrics`: counters and state that all workers of the host share.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::value;
use crate::clock;
use crate::segment::{self, Connection};
use crate::telemetry::Counter;

/// Counters and state that all workers of the host share.
#[php_class]
#[php(name = "Causeway\\Metrics", flags = ClassFlags::Final)]
pub struct PhpMetrics;

/// The counters of one connection by name, and its state.
pub(super) fn of(shared: &Connection) -> PhpResult<ZBox<ZendHashTable>> {
    let now = clock::monotonic();
    let mut metrics = ZendHashTable::new();
    for counter in Counter::ALL {
        let count = i64::try_from(shared.counter(*counter)).unwrap_or(i64::MAX);
        metrics.insert(counter.name(), value::int(count))?;
    }
    let state = shared.breaker_phase().name();
    metrics.insert("breaker_state", value::bytes(state.as_bytes()))?;
    metrics.insert("paused", value::truth(shared.last_known_paused()))?;
    let age = shared.last_success().map(|at| now.since(at).as_millis());
    let age = age
        .and_then(|age| i64::try_from(age).ok())
        .map_or_else(Zval::null, value::int);
    metrics.insert("last_success_age_ms", age)?;
    Ok(metrics)
}

#[php_impl]
impl PhpMetrics {
    /// Counters of one connection since the segment was made, and its state.
    ///
    /// @return array{
    ///   calls: int, entered: int, attempts: int, succeeded: int, failed: int, retries: int,
    ///   retries_denied: int, refused_by_breaker: int, refused_by_switch: int, breaker_opened: int,
    ///   token_requests: int, coalesced: int, snapshot_fresh: int, snapshot_stale: int,
    ///   snapshot_missing: int, hedges: int, refused_by_throttle: int, refused_by_limit: int,
    ///   breaker_state: 'closed'|'open'|'half_open', paused: bool, last_success_age_ms: ?int
    /// }
    #[php(name = "connection", defaults(namespace = "\"\""))]
    pub fn connection(name: &str, namespace: &str) -> PhpResult<ZBox<ZendHashTable>> {
        of(&segment::segment().connection(namespace, name))
    }

    /// The same of every connection, by name, with the namespace and a slash before it where it
    /// has one.
    ///
    /// @return array<string, array<string, int|string|bool|null>>
    #[php(name = "all")]
    pub fn all() -> PhpResult<ZBox<ZendHashTable>> {
        let mut all = ZendHashTable::new();
        for (namespace, name, shared) in segment::segment().connections() {
            let key = if namespace.is_empty() {
                name
            } else {
                format!("{namespace}/{name}")
            };
            all.insert(key.as_str(), of(&shared)?)?;
        }
        Ok(all)
    }

    /// The shared segment itself.
    ///
    /// @return array{
    ///   kind: 'file'|'anonymous'|'process', path: ?string, layout: int, connections: int,
    ///   capacity: int, overflowed: int
    /// }
    #[php(name = "segment")]
    pub fn segment() -> PhpResult<ZBox<ZendHashTable>> {
        let status = segment::segment().status();
        let path = status.path.as_ref().map(|path| path.display().to_string());
        let count = |count: usize| value::int(i64::try_from(count).unwrap_or(i64::MAX));
        value::record([
            ("kind", value::bytes(status.kind.name().as_bytes())),
            ("path", value::optional_text(path.as_deref())),
            ("layout", value::int(i64::from(status.layout))),
            ("connections", count(status.connections)),
            ("capacity", count(status.capacity)),
            (
                "overflowed",
                value::int(i64::try_from(status.overflowed).unwrap_or(i64::MAX)),
            ),
        ])
    }
}
