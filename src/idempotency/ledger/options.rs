//! How the ledger holds claims and gives events up.

use std::time::Duration;

use crate::options::{Fields, OptionError, Value};

/// How long a claim holds and when an event is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerOptions {
    /// How long a claim holds without a renewal.
    pub lease: Duration,
    /// After so many attempts an event is dead.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubled for each further one.
    pub base_delay: Duration,
    /// No wait is longer, but for its jitter of at most a quarter.
    pub max_delay: Duration,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            max_attempts: 8,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3600),
        }
    }
}

impl LedgerOptions {
    /// Parses `lease_ms`, `max_attempts`, `base_delay_ms` and `max_delay_ms`.
    ///
    /// # Errors
    /// The first option that is unknown, of a wrong type, out of range or in conflict.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::new(options)?;
        let parsed = Self::take(&mut fields, &Self::default())?;
        fields.finish()?;
        Ok(parsed)
    }

    /// Takes the same options out of a larger set, with defaults of its own.
    ///
    /// # Errors
    /// As [`LedgerOptions::parse`], but for unknown ones.
    pub(in crate::idempotency) fn take(
        fields: &mut Fields,
        default: &Self,
    ) -> Result<Self, OptionError> {
        const DAY_MS: i64 = 86_400_000;
        let max_attempts = fields.int("max_attempts", 1..=1000)?;
        let parsed = Self {
            lease: fields
                .millis("lease_ms", 100..=DAY_MS)?
                .unwrap_or(default.lease),
            max_attempts: max_attempts
                .and_then(|number| u32::try_from(number).ok())
                .unwrap_or(default.max_attempts),
            base_delay: fields
                .millis("base_delay_ms", 0..=DAY_MS)?
                .unwrap_or(default.base_delay),
            max_delay: fields
                .millis("max_delay_ms", 0..=30 * DAY_MS)?
                .unwrap_or(default.max_delay),
        };
        if parsed.base_delay > parsed.max_delay {
            let got = format!("{} ms", parsed.base_delay.as_millis());
            let allowed = "at most max_delay_ms";
            return Err(OptionError::new("base_delay_ms", got, allowed));
        }
        Ok(parsed)
    }
}
