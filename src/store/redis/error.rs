//! What a Redis server's errors mean to the caller of a store.
//!
//! Source: the error codes that begin Redis's replies (OOM, READONLY, LOADING, …), as of Redis 7.
//! Messages name the server, never a value.

use redis::RedisError;

use crate::store::{StoreError, StoreErrorKind};

/// Sorts an error by what can be done about it.
pub(super) fn classify(server: &str, source: RedisError) -> StoreError {
    let (kind, what) = meaning(source.code(), &source);
    StoreError::new(kind, format!("store at {server}: {what}")).because(source)
}

fn meaning(code: Option<&str>, source: &RedisError) -> (StoreErrorKind, &'static str) {
    match code {
        Some("OOM") => (
            StoreErrorKind::Full,
            "its memory is full, nothing was stored",
        ),
        Some("MISCONF") => (
            StoreErrorKind::Full,
            "it cannot write to its disk and takes no writes",
        ),
        Some("LOADING" | "BUSY" | "TRYAGAIN" | "MASTERDOWN" | "CLUSTERDOWN") => (
            StoreErrorKind::Busy,
            "it is not ready; it loads, fails over, or runs a long script",
        ),
        Some("READONLY" | "NOREPLICAS") => (
            StoreErrorKind::Unavailable,
            "it takes no writes: a replica, or a master without its replicas",
        ),
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => (
            StoreErrorKind::Unavailable,
            "it does not let us in: user, password or permissions are wrong",
        ),
        _ if source.is_timeout() => (StoreErrorKind::Unavailable, "it did not answer in time"),
        _ if source.is_io_error() || source.is_connection_refusal() => {
            (StoreErrorKind::Unavailable, "it cannot be reached")
        }
        _ => (StoreErrorKind::Misuse, "it refused a command"),
    }
}
