//! The policies' keys, ranges and defaults, each turned into its policy's own type.

use std::time::Duration;

use super::{Fields, OptionError, Timeouts, Value};
use crate::policy::{backoff, breaker, budget, retry};

/// An hour: no call may take longer.
const TOTAL_MS_MAX: i64 = 3_600_000;
/// A minute: a page or a handshake that takes longer has failed for its user.
const MINUTE_MS: i64 = 60_000;
/// No attempt may take longer than ten minutes.
const ATTEMPT_MS_MAX: i64 = 600_000;
/// What a probe's place is kept beyond its attempt's timeout.
const PROBE_LEASE_EXTRA: Duration = Duration::from_secs(1);

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
    options.budget = retry_budget(&mut fields)?;
    fields.finish()?;
    Ok(options)
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

/// Reads `breaker`; `false` switches it off. A probe's place outlasts an attempt.
pub(super) fn breaker(
    fields: &mut Fields,
    timeouts: &Timeouts,
) -> Result<Option<breaker::Options>, OptionError> {
    let lease = timeouts.attempt.saturating_add(PROBE_LEASE_EXTRA);
    let mut inner = match fields.value("breaker") {
        None => return Ok(Some(breaker::Options::default().with_probe_lease(lease))),
        Some(Value::Bool(false)) => return Ok(None),
        Some(value) => Fields::open("breaker", value, fields.source())?,
    };
    let rate = inner.number("failure_rate", 0.01..=1.0)?.unwrap_or(0.5);
    let min_calls = inner
        .int(
            "min_calls",
            i64::from(*breaker::MIN_CALLS.start())..=i64::from(*breaker::MIN_CALLS.end()),
        )?
        .unwrap_or(20);
    let window = inner
        .seconds("window_s", 1..=3600)?
        .unwrap_or(Duration::from_secs(30));
    let open = inner
        .millis("open_ms", 1..=TOTAL_MS_MAX)?
        .unwrap_or(Duration::from_secs(5));
    let probes = inner
        .int(
            "probes",
            i64::from(*breaker::PROBES.start())..=i64::from(*breaker::PROBES.end()),
        )?
        .unwrap_or(3);
    inner.finish()?;
    let small = |number: i64| u32::try_from(number).unwrap_or(1);
    breaker::Options::new(rate, small(min_calls), window, open, small(probes))
        .map(|options| Some(options.with_probe_lease(lease)))
        .ok_or_else(|| {
            OptionError::new("breaker", "other numbers", "within the ranges of its keys")
        })
}
