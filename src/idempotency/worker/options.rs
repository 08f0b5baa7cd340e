//! When a worker ends, and how it divides its time.

use std::time::Duration;

use crate::options::{Fields, OptionError, Value};

/// When a worker ends, and how it divides its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Ends after so long.
    pub time: Option<Duration>,
    /// Ends when the process holds so much.
    pub memory_bytes: Option<u64>,
    /// Ends after so many items.
    pub items: Option<u64>,
    /// Ends when nothing is left to do.
    pub until_idle: bool,
    /// Pause between looks at tasks that have nothing to do.
    pub idle: Duration,
    /// The time of one task's turn.
    pub turn: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            time: None,
            memory_bytes: None,
            items: None,
            until_idle: false,
            idle: Duration::from_millis(200),
            turn: Duration::from_millis(500),
        }
    }
}

impl WorkerOptions {
    /// Parses `time_limit_s`, `memory_limit_bytes`, `max_items`, `until_idle`, `idle_ms`, `turn_ms`.
    ///
    /// # Errors
    /// The first option that is unknown, of a wrong type or out of range.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        const YEAR_S: i64 = 366 * 86_400;
        let default = Self::default();
        let mut fields = Fields::new(options)?;
        let parsed = Self {
            time: fields.seconds("time_limit_s", 1..=YEAR_S)?,
            memory_bytes: fields
                .int("memory_limit_bytes", 1 << 20..=1 << 40)?
                .map(i64::unsigned_abs),
            items: fields
                .int("max_items", 1..=i64::MAX)?
                .map(i64::unsigned_abs),
            until_idle: fields.flag("until_idle")?.unwrap_or(default.until_idle),
            idle: fields.millis("idle_ms", 1..=5_000)?.unwrap_or(default.idle),
            turn: fields.millis("turn_ms", 1..=5_000)?.unwrap_or(default.turn),
        };
        fields.finish()?;
        Ok(parsed)
    }
}
