//! `Causeway\Policy\RateLimit`: what a response says about a vendor's limits.

use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::value;
use crate::clock;
use crate::policy::rate_limit::{self, RateLimit};

/// What a response says about a vendor's limits: the fields RateLimit and RateLimit-Policy, or the
/// older RateLimit-Remaining and X-RateLimit-Remaining with their kin.
#[php_class]
#[php(name = "Causeway\\Policy\\RateLimit", flags = ClassFlags::Final)]
pub struct PhpRateLimit {
    found: RateLimit,
    wait: Option<Duration>,
}

#[php_impl]
impl PhpRateLimit {
    /// Reads a response's fields. What is malformed is ignored, a whole field at a time.
    ///
    /// @param array<string, string|list<string>> $headers
    #[php(name = "parse")]
    pub fn parse(headers: &ZendHashTable) -> Self {
        let fields = value::header_fields(headers);
        let fields = fields.into_iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(&value).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value);
        }
        let now = clock::unix();
        Self {
            found: RateLimit::read(&headers, now),
            wait: rate_limit::asked(&headers, now),
        }
    }

    /// The limits as they stand. An older field has no policy; what is not said is NULL.
    ///
    /// @return list<array{policy: ?string, remaining: int, limit: ?int, reset_s: ?int, pk: ?string}>
    #[php(name = "limits")]
    pub fn limits(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let limits = self.found.limits.iter().map(|limit| {
            let entry = value::record([
                ("policy", value::optional_text(limit.policy.as_deref())),
                ("remaining", number(limit.remaining)),
                ("limit", optional(limit.limit)),
                (
                    "reset_s",
                    optional(limit.reset.map(|reset| reset.as_secs())),
                ),
                ("pk", bytes(limit.partition.as_deref())),
            ])?;
            Ok(value::array(entry))
        });
        value::list(limits.collect::<PhpResult<Vec<_>>>()?)
    }

    /// The policies: name, quota, window in seconds, unit, partition key.
    ///
    /// @return list<array{name: string, q: int, w: ?int, qu: ?string, pk: ?string}>
    #[php(name = "policies")]
    pub fn policies(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let policies = self.found.policies.iter().map(|policy| {
            let entry = value::record([
                ("name", value::bytes(policy.name.as_bytes())),
                ("q", number(policy.quota)),
                ("w", optional(policy.window.map(|window| window.as_secs()))),
                ("qu", value::optional_text(policy.unit.as_deref())),
                ("pk", bytes(policy.partition.as_deref())),
            ])?;
            Ok(value::array(entry))
        });
        value::list(policies.collect::<PhpResult<Vec<_>>>()?)
    }

    /// How long the vendor asks to be left alone, whole seconds: by Retry-After, which goes before
    /// all else, or until a limit of which nothing remains is reset; 0 where it does not.
    #[php(name = "waitSeconds")]
    pub fn wait_seconds(&self) -> i64 {
        let wait = self.wait.unwrap_or_default();
        i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)
    }
}

fn number(number: u64) -> Zval {
    value::int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn optional(given: Option<u64>) -> Zval {
    given.map_or_else(Zval::null, number)
}

fn bytes(given: Option<&[u8]>) -> Zval {
    given.map_or_else(Zval::null, value::bytes)
}
