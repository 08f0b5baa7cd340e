//! The keys, ranges and defaults of what limits calls: throttle, concurrency, hedge, coalescing.

use std::time::Duration;

use super::MINUTE_MS;
use crate::options::reader::secret_of;
use crate::options::{Fields, OptionError, SecretRef, Source, Timeouts, Value};
use crate::policy::{concurrency, hedge, throttle};

/// A day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the option `mode` says.
#[derive(Clone, Copy)]
enum Mode {
    Wait,
    Fail,
}

/// Reads `throttle`.
pub(in crate::options) fn throttle(
    section: Option<Fields>,
    timeouts: &Timeouts,
) -> Result<Option<throttle::Options>, OptionError> {
    let Some(mut fields) = section else {
        return Ok(None);
    };
    let rate = rate(&mut fields)?;
    let mode = fields.one_of("mode", &[("wait", Mode::Wait), ("fail", Mode::Fail)])?;
    let max_wait = fields.millis("max_wait_ms", 0..=3_600_000)?;
    let mode = match mode.unwrap_or(Mode::Wait) {
        Mode::Wait => throttle::Mode::Wait(max_wait.unwrap_or(timeouts.total)),
        Mode::Fail if max_wait.is_some() => {
            let allowed = "left out where mode is 'fail'";
            return Err(OptionError::new(
                fields.name("max_wait_ms"),
                "a number",
                allowed,
            ));
        }
        Mode::Fail => throttle::Mode::Fail,
    };
    let options = throttle::Options {
        rate,
        mode,
        announced: fields.flag("announced")?.unwrap_or(true),
        routes: routes(&mut fields)?,
    };
    fields.finish()?;
    Ok(Some(options))
}

/// Reads `permits`, `per_ms` and `burst`; without permits there is no rate, and no burst of it.
fn rate(fields: &mut Fields) -> Result<Option<throttle::Rate>, OptionError> {
    let small = |number: i64| u32::try_from(number).unwrap_or(1);
    let up_to =
        |range: std::ops::RangeInclusive<u32>| i64::from(*range.start())..=i64::from(*range.end());
    let permits = fields.int("permits", up_to(throttle::PERMITS))?;
    let per = fields.millis("per_ms", 1..=DAY_MS)?;
    let burst = fields.int("burst", up_to(throttle::BURST))?;
    let Some(permits) = permits else {
        if per.is_some() || burst.is_some() {
            let allowed = "given where per_ms or burst is";
            return Err(OptionError::new(fields.name("permits"), "nothing", allowed));
        }
        return Ok(None);
    };
    let per = per.unwrap_or(Duration::from_secs(1));
    throttle::Rate::new(small(permits), per, small(burst.unwrap_or(1)))
        .map(Some)
        .ok_or_else(|| {
            OptionError::new(
                fields.name("permits"),
                "other numbers",
                "within the ranges of its keys",
            )
        })
}

/// Reads `throttle.routes`, by name.
fn routes(fields: &mut Fields) -> Result<Vec<throttle::Route>, OptionError> {
    let allowed = || {
        format!(
            "an array of at most {} routes by name",
            throttle::ROUTES_MAX
        )
    };
    let entries = match fields.value("routes") {
        None => return Ok(Vec::new()),
        Some(Value::Map(entries)) if entries.len() <= throttle::ROUTES_MAX => entries,
        Some(Value::List(items)) if items.is_empty() => return Ok(Vec::new()),
        Some(other) => return Err(fields.refuse("routes", &other, allowed())),
    };
    entries
        .into_iter()
        .map(|(name, value)| {
            let path = fields.name(&format!("routes.{name}"));
            route(name, Fields::open(&path, value, fields.source())?)
        })
        .collect()
}

fn route(name: String, mut fields: Fields) -> Result<throttle::Route, OptionError> {
    const PATH: &str = "a path below base_uri such as 'products/{id}'";
    let path = fields.text("path")?;
    let path = fields.required("path", path, PATH)?;
    let segments: Vec<Option<String>> = path
        .split('/')
        .map(|segment| {
            let is_open = segment.starts_with('{') && segment.ends_with('}');
            (!is_open).then(|| segment.to_owned())
        })
        .collect();
    let is_path = segments
        .iter()
        .flatten()
        .all(|segment| !segment.is_empty() && !segment.contains(['{', '}', '?', '#']));
    if !is_path {
        return Err(fields.refuse("path", &Value::from(path), PATH));
    }
    let rate = rate(&mut fields)?;
    let rate = fields.required("permits", rate, "an integer: the route's own permits")?;
    fields.finish()?;
    Ok(throttle::Route {
        name,
        path: segments,
        rate,
    })
}

/// Reads `concurrency`.
pub(in crate::options) fn concurrency(
    section: Option<Fields>,
) -> Result<Option<concurrency::Options>, OptionError> {
    let Some(mut fields) = section else {
        return Ok(None);
    };
    let range = i64::from(*concurrency::MAX.start())..=i64::from(*concurrency::MAX.end());
    let max = fields.int("max", range)?;
    let max = fields.required(
        "max",
        max,
        "an integer: the attempts that may be under way at once",
    )?;
    let max_wait = fields
        .millis("max_wait_ms", 0..=MINUTE_MS)?
        .unwrap_or(Duration::from_secs(1));
    fields.finish()?;
    Ok(Some(concurrency::Options {
        max: u32::try_from(max).unwrap_or(1),
        max_wait,
    }))
}

/// Reads `hedge`: one of `after_ms` and `percentile`.
pub(in crate::options) fn hedge(
    section: Option<Fields>,
) -> Result<Option<hedge::Options>, OptionError> {
    let Some(mut fields) = section else {
        return Ok(None);
    };
    let after = fields.millis("after_ms", 1..=MINUTE_MS)?;
    let percentile = fields.number("percentile", 0.501..=0.999)?;
    let name = fields.name("after_ms");
    fields.finish()?;
    let options = match (after, percentile) {
        (Some(after), None) => Some(hedge::Options::After(after)),
        (None, Some(share)) => hedge::Options::percentile(share),
        (Some(_), Some(_)) | (None, None) => None,
    };
    options.map(Some).ok_or_else(|| {
        let got = if after.is_some() { "both" } else { "nothing" };
        OptionError::new(
            name,
            got,
            "given where percentile is not, and the other way round",
        )
    })
}

/// Reads `coalesce`.
pub(in crate::options) fn coalesce(fields: &mut Fields) -> Result<bool, OptionError> {
    Ok(fields.flag("coalesce")?.unwrap_or(false))
}

/// Reads `shared`: a server's address, which is a secret where it holds a password.
pub(in crate::options) fn shared(fields: &mut Fields) -> Result<Option<SecretRef>, OptionError> {
    const ALLOWED: &str = "the address of a Redis server (redis://host:port/db, rediss://…, \
                           redis+unix:///path), or a reference to one";
    const SCHEMES: [&[u8]; 3] = [b"redis://", b"rediss://", b"redis+unix://"];
    let (source, name) = (fields.source(), fields.name("shared"));
    let Some(value) = fields.value("shared") else {
        return Ok(None);
    };
    let Value::Str(address) = &value else {
        return secret_of(&name, value, source).map(Some);
    };
    if !SCHEMES.iter().any(|scheme| address.starts_with(scheme)) {
        return match source {
            // A reference, or what is refused as a literal.
            Source::File => secret_of(&name, value, source).map(Some),
            Source::Code => Err(OptionError::new(name, "another string", ALLOWED)),
        };
    }
    if source == Source::File && address.contains(&b'@') {
        let allowed = "a reference such as 'env:NAME' where it holds a password";
        return Err(OptionError::new(name, "a literal", allowed));
    }
    Ok(Some(SecretRef::literal(address.clone())))
}
