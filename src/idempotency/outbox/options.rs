//! How the outbox holds, repeats and gives up what it sends.

use std::path::PathBuf;
use std::time::Duration;

use crate::idempotency::LedgerOptions;
use crate::options::{Fields, OptionError, Value};

/// What happens to a write whose fate is not known: it was sent, and nobody heard the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsure {
    /// It is sent again with the same idempotency key, as the vendor knows it by that.
    #[default]
    Repeat,
    /// It goes to the dead letters, for a vendor that takes no keys: somebody looks there first.
    Hold,
}

/// How the outbox holds, repeats and gives up what it sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxOptions {
    /// Leases, attempts and backoff, as the ledger has them.
    pub claims: LedgerOptions,
    /// A relay that was away for so long does not send what is left from before by itself.
    pub away: Duration,
    /// What happens to a write whose fate is not known.
    pub unsure: Unsure,
    /// Where it is remembered how far the relay came, outside the store: a directory that is not
    /// restored with it. A store that is one file has its marks beside it where none is named.
    pub mark_dir: Option<PathBuf>,
}

impl Default for OutboxOptions {
    fn default() -> Self {
        Self {
            claims: LedgerOptions {
                // Longer than a call's total timeout may be expected to be.
                lease: Duration::from_secs(120),
                max_attempts: 12,
                ..LedgerOptions::default()
            },
            away: Duration::from_secs(6 * 3600),
            unsure: Unsure::Repeat,
            mark_dir: None,
        }
    }
}

impl OutboxOptions {
    /// Parses `lease_ms`, `max_attempts`, `base_delay_ms`, `max_delay_ms`, `away_s`, `unsure` and
    /// `mark_dir`.
    ///
    /// # Errors
    /// The first option that is unknown, of a wrong type, out of range or in conflict.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        const MONTH_S: i64 = 31 * 86_400;
        let default = Self::default();
        let mut fields = Fields::new(options)?;
        let claims = LedgerOptions::take(&mut fields, &default.claims)?;
        let away = fields.seconds("away_s", 60..=MONTH_S)?;
        let choices = [("repeat", Unsure::Repeat), ("hold", Unsure::Hold)];
        let unsure = fields.one_of("unsure", &choices)?;
        let mark_dir = fields.text("mark_dir")?.map(PathBuf::from);
        if let Some(dir) = mark_dir.as_ref().filter(|dir| !dir.is_dir()) {
            let got = format!("'{}'", dir.display());
            return Err(OptionError::new(
                "mark_dir",
                got,
                "a directory that is there",
            ));
        }
        fields.finish()?;
        Ok(Self {
            claims,
            mark_dir,
            away: away.unwrap_or(default.away),
            unsure: unsure.unwrap_or_default(),
        })
    }
}
