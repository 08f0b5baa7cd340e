//! The policies' keys, ranges and defaults, each turned into its policy's own type: what bounds
//! and repeats a call here, what limits calls in `limits.rs`.

mod limits;

use std::time::Duration;

pub(super) use limits::{coalesce, concurrency, hedge, shared, throttle};

use super::{Fields, OptionError, Timeouts, Value};
use crate::policy::{backoff, breaker, budget, retry};

/// An hour: no call may take longer.
const TOTAL_MS_MAX: i64 = 3_600_000;
/// A minute: a page or a handshake that takes longer has failed for its user.
const MINUTE_MS: i64 = 60_000;
/// No attempt may take longer than ten minutes.
const ATTEMPT_MS_MAX: i64 = 600_000;
/// A day: what a vendor may ask for at most.
const DAY_S: i64 = 24 * 3600;

/// Reads `timeouts`.
pub(super) fn timeouts(section: Option<Fields>) -> Result<Timeouts, OptionError> {
    let mut timeouts = Timeouts {
        connect: Duration::from_millis(1000),
        attempt: Duration::from_millis(5000),
        total: Duration::from_millis(10_000),
        page: Duration::from_millis(1000),
    };
    let Some(mut fields) = section else {
        return Ok(timeouts);
    };
    let mut take = |key, max, slot: &mut Duration| {
        fields
            .millis(key, 1..=max)
            .map(|given| *slot = given.unwrap_or(*slot))
    };
    take("connect_ms", MINUTE_MS, &mut timeouts.connect)?;
    take("attempt_ms", ATTEMPT_MS_MAX, &mut timeouts.attempt)?;
    take("total_ms", TOTAL_MS_MAX, &mut timeouts.total)?;
    take("page_ms", MINUTE_MS, &mut timeouts.page)?;
    fields.finish()?;
    Ok(timeouts)
}

/// Reads `retry`.
pub(super) fn retry(section: Option<Fields>) -> Result<retry::Options, OptionError> {
    const MAX_ATTEMPTS: i64 = 10;
    let mut options = retry::Options::default();
    let Some(mut fields) = section else {
        return Ok(options);
    };
    if let Some(attempts) = fields.int("max_attempts", 1..=MAX_ATTEMPTS)? {
        options.max_attempts = u32::try_from(attempts).unwrap_or(1);
    }
    options.backoff = backoff::Options {
        base: fields
            .millis("base_delay_ms", 1..=MINUTE_MS)?
            .unwrap_or(options.backoff.base),
        max: fields
            .millis("max_delay_ms", 1..=ATTEMPT_MS_MAX)?
            .unwrap_or(options.backoff.max),
        jitter: fields
            .one_of("jitter", &backoff::Jitter::NAMES)?
            .unwrap_or_default(),
    };
    if options.backoff.max < options.backoff.base {
        return Err(OptionError::new(
            fields.name("max_delay_ms"),
            options.backoff.max.as_millis().to_string(),
            format!(
                "at least base_delay_ms ({})",
                options.backoff.base.as_millis()
            ),
        ));
    }
    if let Some(statuses) = statuses(&mut fields)? {
        options.statuses = statuses;
    }
    if let Some(errors) = errors(&mut fields)? {
        options.errors = errors;
    }
    options.max_hold = fields
        .seconds("max_hold_s", 0..=DAY_S)?
        .unwrap_or(options.max_hold);
    options.budget = retry_budget(&mut fields)?;
    fields.finish()?;
    Ok(options)
}

/// Reads `retry.statuses`.
fn statuses(fields: &mut Fields) -> Result<Option<Vec<u16>>, OptionError> {
    let allowed = || {
        let (first, last) = (retry::STATUSES.start(), retry::STATUSES.end());
        format!("a list of integers from {first} to {last}")
    };
    let items = match fields.value("statuses") {
        None => return Ok(None),
        Some(Value::List(items)) => items,
        Some(Value::Map(entries)) if entries.is_empty() => Vec::new(),
        Some(other) => return Err(fields.refuse("statuses", &other, allowed())),
    };
    let status = |item: &Value| match item {
        Value::Int(number) => u16::try_from(*number)
            .ok()
            .filter(|status| retry::STATUSES.contains(status)),
        Value::Null
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Secret(_)
        | Value::List(_)
        | Value::Map(_) => None,
    };
    items
        .iter()
        .map(|item| status(item).ok_or_else(|| fields.refuse("statuses", item, allowed())))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Reads `retry.errors`.
fn errors(fields: &mut Fields) -> Result<Option<Vec<retry::TransportError>>, OptionError> {
    let names = retry::TransportError::NAMES;
    let Some(given) = fields.texts("errors")? else {
        return Ok(None);
    };
    let error = |text: &String| {
        let known = names.iter().find(|(name, _)| name == text);
        known.map(|(_, error)| *error).ok_or_else(|| {
            let allowed = "a list of 'connect', 'network', 'timeout'";
            fields.refuse("errors", &Value::from(text.as_str()), allowed)
        })
    };
    given.iter().map(error).collect::<Result<_, _>>().map(Some)
}

/// Reads `retry.budget`; `false` takes the bound away.
fn retry_budget(fields: &mut Fields) -> Result<Option<budget::Options>, OptionError> {
    const MAX_TOKENS_DEFAULT: i64 = budget::MAX_TOKENS_DEFAULT as i64;
    const MAX_TOKENS_LIMIT: i64 = budget::MAX_TOKENS_LIMIT as i64;
    let name = fields.name("budget");
    let mut inner = match fields.value("budget") {
        None => return Ok(Some(budget::Options::default())),
        Some(Value::Bool(false)) => return Ok(None),
        Some(value) => Fields::open(&name, value, fields.source())?,
    };
    let ratio = inner.number("ratio", 0.0..=1.0)?.unwrap_or(0.2);
    let per_second = inner
        .number("min_per_second", 0.0..=budget::MIN_PER_SECOND_LIMIT)?
        .unwrap_or(1.0);
    let tokens = inner
        .int("max_tokens", 1..=MAX_TOKENS_LIMIT)?
        .unwrap_or(MAX_TOKENS_DEFAULT);
    inner.finish()?;
    budget::Options::new(ratio, per_second, u32::try_from(tokens).unwrap_or(1))
        .map(Some)
        .ok_or_else(|| OptionError::new(name, "other numbers", "within the ranges of its keys"))
}

/// Reads `breaker`; `false` switches it off.
pub(super) fn breaker(fields: &mut Fields) -> Result<Option<breaker::Options>, OptionError> {
    let inner = match fields.value("breaker") {
        None => return Ok(Some(breaker::Options::default())),
        Some(Value::Bool(false)) => return Ok(None),
        Some(value) => Fields::open("breaker", value, fields.source())?,
    };
    breaker_section(inner).map(Some)
}

/// The options of a breaker that stands alone.
///
/// # Errors
/// The first one that is unknown, of a wrong type or out of range.
pub fn breaker_options(options: &Value) -> Result<breaker::Options, OptionError> {
    breaker_section(Fields::new(options)?)
}

/// Reads the keys of a breaker.
fn breaker_section(mut fields: Fields) -> Result<breaker::Options, OptionError> {
    let whole =
        |range: &std::ops::RangeInclusive<u32>| i64::from(*range.start())..=i64::from(*range.end());
    let small = |number: i64| u32::try_from(number).unwrap_or(1);
    let rate = fields.number("failure_rate", 0.01..=1.0)?.unwrap_or(0.5);
    let min_calls = fields.int("min_calls", whole(&breaker::MIN_CALLS))?;
    let window = fields.seconds("window_s", 1..=3600)?;
    let window_calls = fields.int("window_calls", whole(&breaker::WINDOW_CALLS))?;
    let slow_call = fields.millis("slow_call_ms", 1..=ATTEMPT_MS_MAX)?;
    let slow_rate = fields.number("slow_rate", 0.01..=1.0)?;
    let open = fields.millis("open_ms", 1..=TOTAL_MS_MAX)?;
    let probes = fields.int("probes", whole(&breaker::PROBES))?;
    if window.is_some() && window_calls.is_some() {
        let allowed = "left out where window_s is given";
        return Err(OptionError::new(
            fields.name("window_calls"),
            "both",
            allowed,
        ));
    }
    if slow_rate.is_some() && slow_call.is_none() {
        let allowed = "given where slow_rate is";
        return Err(OptionError::new(
            fields.name("slow_call_ms"),
            "nothing",
            allowed,
        ));
    }
    let name = fields.name("failure_rate");
    fields.finish()?;
    let options = breaker::Options::new(
        rate,
        small(min_calls.unwrap_or(20)),
        window.unwrap_or(Duration::from_secs(30)),
        open.unwrap_or(Duration::from_secs(5)),
        small(probes.unwrap_or(3)),
    );
    let options = match window_calls {
        None => options,
        Some(calls) => options.and_then(|options| options.with_window_calls(small(calls))),
    };
    match slow_call {
        None => options,
        Some(over) => {
            options.and_then(|options| options.with_slow_calls(over, slow_rate.unwrap_or(0.5)))
        }
    }
    .ok_or_else(|| OptionError::new(name, "other numbers", "within the ranges of its keys"))
}

#[cfg(test)]
mod tests;
