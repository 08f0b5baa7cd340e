//! Causeway: third-party integrations that are safe, fast and calm.
//!
//! The rooms, from the bottom up; arrows point down only, and `php` alone knows PHP:
//!
//! `php` → `idempotency` → `snapshot` → `http` → `policy`, `cache`, `auth`, `signature`
//! → `store` → `segment`, `telemetry` → `options`, `clock`.
//!
//! A decision (retry, breaker, freshness, a step of the ledger) is a pure function of options,
//! state, now and random; reading, writing and waiting stand around it.

pub mod auth;
pub mod clock;
pub mod http;
pub mod idempotency;
pub mod options;
pub mod policy;
pub mod segment;
pub mod signature;
pub mod snapshot;
pub mod store;
pub mod telemetry;
pub mod testing;

#[cfg(feature = "php")]
#[allow(
    unsafe_code,
    missing_docs,
    non_snake_case,
    unreachable_pub,
    reason = "the macros of ext-php-rs expand to unsafe code and undocumented items, and make PHP's parameter names of Rust's; our own unsafe is in php::raw and php::step"
)]
mod php;
