//! The ledger's state machine: which record follows which. Pure.
//!
//! | state | means | next |
//! |---|---|---|
//! | pending | waits until `due_at_ms` | claimed, dead |
//! | claimed | held until `lease_until_ms`, by the holder of `token` | done, pending, dead, claimed by another once the lease ran out |
//! | done | its outcome is recorded | — |
//! | dead | given up after the last attempt | pending, by a replay |
//! | conflict | the same id with another payload; a row of its own | — |
//!
//! Rules: an attempt counts when it is begun, so that a payload that kills its worker is given up
//! too; the token rises with each claim, and only its holder may end the claim; only a lease that
//! has not run out may commit an effect. Backoff is base·2ⁿ, capped, plus up to a quarter of
//! itself at random. Sources: the IETF idempotency-key draft, Brandur's pattern, and the failure
//! modes that the tests list.

use serde_json::{Map, Value};

use super::LedgerOptions;
use crate::store::Record;

/// Waiting.
pub const PENDING: &str = "pending";
/// Held.
pub const CLAIMED: &str = "claimed";
/// Done.
pub const DONE: &str = "done";
/// Given up.
pub const DEAD: &str = "dead";
/// The same id with another payload.
pub const CONFLICT: &str = "conflict";

/// No error text in the ledger is longer, bytes.
const ERROR_CAP_BYTES: usize = 1000;

/// The lease is not the caller's, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLost;

/// What a claim comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimDecision {
    /// The caller's, once this record replaced the old one.
    Win(Record),
    /// Nobody's: the attempts are used up, once this record replaced the old one.
    GiveUp(Record),
    /// Another worker's.
    InProgress,
    /// It was done.
    Done,
    /// It was given up.
    Dead,
    /// It came before with another payload.
    Conflict,
}

/// Claims a record. `checksum` is the caller's payload's, or `None` where the caller has none.
pub fn claim(
    record: &Record,
    checksum: Option<&str>,
    now_ms: i64,
    options: &LedgerOptions,
) -> ClaimDecision {
    if checksum.is_some_and(|checksum| checksum != record.checksum) {
        return ClaimDecision::Conflict;
    }
    match record.state.as_str() {
        DONE => ClaimDecision::Done,
        DEAD => ClaimDecision::Dead,
        CONFLICT => ClaimDecision::Conflict,
        CLAIMED if record.lease_until_ms > now_ms => ClaimDecision::InProgress,
        _ if record.attempts >= i64::from(options.max_attempts) => {
            let why = "every attempt ended without a word: the worker died, or its lease ran out";
            let mut next = ended(record, DEAD, now_ms);
            let detail = detail_of(record);
            if !detail.contains_key("error") {
                next.detail = with_error(detail, why);
            }
            ClaimDecision::GiveUp(next)
        }
        _ => ClaimDecision::Win(held(record, now_ms, options)),
    }
}

/// The record as its first or next holder has it.
pub fn held(record: &Record, now_ms: i64, options: &LedgerOptions) -> Record {
    let until_ms = now_ms.saturating_add(millis(options.lease));
    Record {
        state: CLAIMED.to_owned(),
        due_at_ms: until_ms,
        lease_until_ms: until_ms,
        token: record.token.saturating_add(1),
        attempts: record.attempts.saturating_add(1),
        updated_at_ms: now_ms,
        payload: None,
        ..record.clone()
    }
}

/// Prolongs a lease that has not run out.
///
/// # Errors
/// When the lease is not the caller's, or ran out.
pub fn renew(
    record: &Record,
    token: i64,
    now_ms: i64,
    options: &LedgerOptions,
) -> Result<Record, LeaseLost> {
    still_held(record, token)?;
    not_run_out(record, now_ms)?;
    let until_ms = now_ms.saturating_add(millis(options.lease));
    Ok(Record {
        due_at_ms: until_ms,
        lease_until_ms: until_ms,
        updated_at_ms: now_ms,
        payload: None,
        ..record.clone()
    })
}

/// Marks an event done.
///
/// # Errors
/// When the lease is not the caller's, or ran out: the effect must not be committed.
pub fn complete(
    record: &Record,
    token: i64,
    now_ms: i64,
    outcome: &Value,
) -> Result<Record, LeaseLost> {
    still_held(record, token)?;
    not_run_out(record, now_ms)?;
    let mut detail = detail_of(record);
    detail.remove("error");
    detail.insert("outcome".to_owned(), outcome.clone());
    Ok(Record {
        detail: text_of(detail),
        ..ended(record, DONE, now_ms)
    })
}

/// Records a failure: due again after a backoff, or dead after the last attempt. A lease that ran
/// out is no obstacle as long as nobody else claimed the event: nothing is committed.
///
/// # Errors
/// When the lease is not the caller's.
pub fn fail(
    record: &Record,
    token: i64,
    now_ms: i64,
    error: &str,
    options: &LedgerOptions,
    random_unit: f64,
) -> Result<Record, LeaseLost> {
    still_held(record, token)?;
    let detail = with_error(detail_of(record), error);
    if record.attempts >= i64::from(options.max_attempts) {
        return Ok(Record {
            detail,
            ..ended(record, DEAD, now_ms)
        });
    }
    let due_at_ms = now_ms.saturating_add(backoff_ms(record.attempts, options, random_unit));
    Ok(Record {
        detail,
        due_at_ms,
        ..ended(record, PENDING, now_ms)
    })
}

/// Gives an event up at once: no further attempt can succeed.
///
/// # Errors
/// When the lease is not the caller's.
pub fn bury(record: &Record, token: i64, now_ms: i64, error: &str) -> Result<Record, LeaseLost> {
    still_held(record, token)?;
    let detail = with_error(detail_of(record), error);
    Ok(Record {
        detail,
        ..ended(record, DEAD, now_ms)
    })
}

/// Gives the event back; the attempt does not count.
///
/// # Errors
/// When the lease is not the caller's.
pub fn release(
    record: &Record,
    token: i64,
    now_ms: i64,
    delay_ms: i64,
) -> Result<Record, LeaseLost> {
    still_held(record, token)?;
    Ok(Record {
        due_at_ms: now_ms.saturating_add(delay_ms),
        attempts: record.attempts.saturating_sub(1),
        ..ended(record, PENDING, now_ms)
    })
}

/// Puts a dead letter back in line with all its attempts; `None` when it is not dead.
pub fn replay(record: &Record, now_ms: i64) -> Option<Record> {
    (record.state == DEAD).then(|| Record {
        attempts: 0,
        ..ended(record, PENDING, now_ms)
    })
}

/// What a clock that was ahead, and was set back, made wait: due now; a holder, if it lives, has a
/// whole lease from now. `None` where the record was written by a clock as it is.
pub fn caught_up(record: &Record, now_ms: i64, options: &LedgerOptions) -> Option<Record> {
    if !record.is_ahead(now_ms) {
        return None;
    }
    let due_at_ms = match record.state.as_str() {
        PENDING => now_ms,
        CLAIMED => now_ms.saturating_add(millis(options.lease)),
        _ => return None,
    };
    Some(Record {
        due_at_ms,
        lease_until_ms: record.lease_until_ms.min(due_at_ms),
        updated_at_ms: now_ms,
        payload: None,
        ..record.clone()
    })
}

/// The wait after so many attempts, milliseconds: base·2ⁿ⁻¹, capped, plus at most a quarter.
pub fn backoff_ms(attempts: i64, options: &LedgerOptions, random_unit: f64) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 62)).unwrap_or(62);
    let cap_ms = millis(options.max_delay);
    let delay_ms = millis(options.base_delay)
        .saturating_mul(1_i64 << doublings)
        .min(cap_ms);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a quarter of a delay of days is far below 2^53"
    )]
    let jitter_ms = (delay_ms as f64 * random_unit.clamp(0.0, 1.0) / 4.0) as i64;
    delay_ms.saturating_add(jitter_ms)
}

/// What else is known about a record; nothing where it is no object.
pub fn detail_of(record: &Record) -> Map<String, Value> {
    detail_of_text(&record.detail)
}

/// The same from its text.
pub fn detail_of_text(detail: &str) -> Map<String, Value> {
    serde_json::from_str(detail).unwrap_or_default()
}

/// The text of a record's detail.
pub fn text_of(detail: Map<String, Value>) -> String {
    Value::Object(detail).to_string()
}

/// A record that nobody holds any more.
fn ended(record: &Record, state: &str, now_ms: i64) -> Record {
    Record {
        state: state.to_owned(),
        due_at_ms: now_ms,
        lease_until_ms: 0,
        updated_at_ms: now_ms,
        payload: None,
        ..record.clone()
    }
}

fn still_held(record: &Record, token: i64) -> Result<(), LeaseLost> {
    let is_held = record.state == CLAIMED && record.token == token;
    if is_held { Ok(()) } else { Err(LeaseLost) }
}

fn not_run_out(record: &Record, now_ms: i64) -> Result<(), LeaseLost> {
    if record.lease_until_ms > now_ms {
        Ok(())
    } else {
        Err(LeaseLost)
    }
}

fn with_error(mut detail: Map<String, Value>, error: &str) -> String {
    let mut end = error.len().min(ERROR_CAP_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    detail.insert(
        "error".to_owned(),
        error.get(..end).unwrap_or_default().into(),
    );
    text_of(detail)
}

fn millis(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
