//! After a clock was set back: what it had made wait while it was ahead does not wait for as long.
//!
//! A row that a clock ahead of its time wrote is due when that clock would say so. Set back by an
//! hour, it waits an hour, as after a backoff; set back by ten years it would never come. So what
//! is due further ahead than any backoff or lease reaches is looked at, and what was written at a
//! time that is still to come is due now (`decide::caught_up`). What is delayed on purpose stays.
//!
//! The look is one find, made once a minute, and at once by a process that sees the clock go back.

use std::cell::Cell;
use std::time::Duration;

use super::LedgerOptions;
use super::decide::{self, CLAIMED, PENDING};
use crate::clock::{self, Monotonic};
use crate::store::{Key, Kind, Query, Store, StoreError};

/// How often a process looks.
const LOOKED_EVERY: Duration = Duration::from_secs(60);
/// Rows of one look, and looks in a row: what is behind them is found a minute later, when those
/// before are due.
const ROWS: usize = 100;
const LOOKS_AT_MOST: usize = 10;

/// When this process looked last, and what the store's clock said then.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    last: Cell<Option<(Monotonic, i64)>>,
}

impl CatchUp {
    /// Makes due what was left ahead, where it is time to look.
    ///
    /// # Errors
    /// When the store failed.
    pub(super) fn look(
        &self,
        store: &dyn Store,
        (kind, scope): (Kind, Option<&str>),
        options: &LedgerOptions,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let now = clock::monotonic();
        let is_time = self
            .last
            .get()
            .is_none_or(|(at, then_ms)| now.since(at) >= LOOKED_EVERY || now_ms < then_ms);
        if !is_time {
            return Ok(());
        }
        self.last.set(Some((now, now_ms)));
        let mut after = (now_ms.saturating_add(reach_ms(options)), Key::LAST);
        for _ in 0..LOOKS_AT_MOST {
            let query = Query {
                states: &[PENDING, CLAIMED],
                scope,
                after: Some(after),
                limit: ROWS,
                ..Query::default()
            };
            let rows = store.find(kind, &query)?;
            for row in &rows {
                if let Some(next) = decide::caught_up(row, now_ms, options) {
                    // Another worker that was first did the same, or better.
                    let _ = store.replace(kind, &next, row.version)?;
                }
            }
            match rows.last() {
                Some(last) if rows.len() == ROWS => after = (last.due_at_ms, last.key),
                Some(_) | None => break,
            }
        }
        Ok(())
    }
}

/// No backoff and no lease reaches further ahead.
fn reach_ms(options: &LedgerOptions) -> i64 {
    let backoff = options.max_delay.saturating_add(options.max_delay / 4);
    let reach = backoff.saturating_add(options.lease);
    i64::try_from(reach.as_millis()).unwrap_or(i64::MAX)
}
