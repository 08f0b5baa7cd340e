//! The options of one call, read once into a request.

use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::{throw, value};
use crate::http::{Content, Request};
use crate::options::{Fields, OptionError, Value};

/// A request, and whether an answer of 400 or above is thrown.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) throw_on_error: bool,
}

/// The usual methods may be written in any case; all others are sent as they are, because methods
/// are case-sensitive (RFC 9110 section 9.1).
fn normal(method: &str) -> std::borrow::Cow<'_, str> {
    const USUAL: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    let usual = USUAL.iter().find(|name| name.eq_ignore_ascii_case(method));
    usual.map_or_else(|| method.into(), |name| (*name).into())
}

/// Reads the call's options.
pub(super) fn prepare(
    connection: &str,
    method: &str,
    uri: &str,
    options: Option<&ZendHashTable>,
) -> PhpResult<Prepared> {
    let refuse = |error: OptionError| throw::options(connection, &error);
    let method = http::Method::from_bytes(normal(method).as_bytes())
        .map_err(|_| refuse(OptionError::new("method", "no token", "an HTTP method")))?;
    let mut request = Request::new(method, uri);
    let Some(options) = options else {
        return Ok(Prepared {
            request,
            throw_on_error: true,
        });
    };
    let json = options.get("json").map(value::json_encode).transpose()?;
    let rest = without_json(options)?;
    let fields = Fields::new(&value::options(connection, Some(&rest))?).map_err(refuse)?;
    let throw_on_error = fill(&mut request, fields, json).map_err(refuse)?;
    Ok(Prepared {
        request,
        throw_on_error,
    })
}

fn fill(
    request: &mut Request,
    mut fields: Fields,
    json: Option<Vec<u8>>,
) -> Result<bool, OptionError> {
    request.query = pairs(&mut fields, "query")?
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    request.headers = pairs(&mut fields, "headers")?;
    request.idempotency_key = fields.text("idempotency_key")?;
    let form = pairs(&mut fields, "form")?;
    let body = fields.value("body");
    set_body(request, &fields, json, &form, body)?;
    if let Some(mut timeouts) = fields.section("timeouts")? {
        request.attempt = timeouts.millis("attempt_ms", 1..=600_000)?;
        request.total = timeouts.millis("total_ms", 1..=3_600_000)?;
        timeouts.finish()?;
    }
    let throw_on_error = fields.flag("throw_on_error")?.unwrap_or(true);
    fields.finish()?;
    Ok(throw_on_error)
}

fn set_body(
    request: &mut Request,
    fields: &Fields,
    json: Option<Vec<u8>>,
    form: &[(String, Vec<u8>)],
    body: Option<Value>,
) -> Result<(), OptionError> {
    let given =
        usize::from(json.is_some()) + usize::from(!form.is_empty()) + usize::from(body.is_some());
    if given > 1 {
        return Err(OptionError::new(
            "body",
            "more than one of them",
            "one of json, form, body",
        ));
    }
    if let Some(json) = json {
        set_type(request, "application/json");
        request.content = Content::from(json);
    } else if !form.is_empty() {
        set_type(request, "application/x-www-form-urlencoded");
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in form {
            encoded.append_pair(name, &String::from_utf8_lossy(value));
        }
        request.content = Content::from(encoded.finish());
    } else if let Some(body) = body {
        let Value::Str(bytes) = body else {
            return Err(fields.refuse("body", &body, "a string"));
        };
        request.content = Content::from(bytes);
    }
    Ok(())
}

fn set_type(request: &mut Request, content_type: &str) {
    let has_type = request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !has_type {
        request
            .headers
            .push(("content-type".to_owned(), content_type.as_bytes().to_vec()));
    }
}

/// Names with one value or a list of them.
fn pairs(fields: &mut Fields, key: &'static str) -> Result<Vec<(String, Vec<u8>)>, OptionError> {
    let Some(value) = fields.value(key) else {
        return Ok(Vec::new());
    };
    let Value::Map(entries) = value else {
        if matches!(&value, Value::List(items) if items.is_empty()) {
            return Ok(Vec::new());
        }
        return Err(fields.refuse(key, &value, "an array of names and values"));
    };
    let mut pairs = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        let items = if let Value::List(items) = value {
            items
        } else {
            vec![value]
        };
        for item in items {
            let bytes = scalar(&item).ok_or_else(|| {
                OptionError::new(
                    format!("{key}.{name}"),
                    item.kind(),
                    "a string or a number, or a list of them",
                )
            })?;
            pairs.push((name.clone(), bytes));
        }
    }
    Ok(pairs)
}

fn scalar(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Str(bytes) => Some(bytes.clone()),
        Value::Int(number) => Some(number.to_string().into_bytes()),
        Value::Float(number) => Some(number.to_string().into_bytes()),
        Value::Bool(truth) => Some(if *truth { b"1".to_vec() } else { b"0".to_vec() }),
        Value::Null | Value::Secret(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn without_json(options: &ZendHashTable) -> PhpResult<ZBox<ZendHashTable>> {
    let mut rest = ZendHashTable::new();
    for (key, value) in options.iter() {
        if key.to_string() != "json" {
            rest.insert(key, Zval::shallow_clone(value))?;
        }
    }
    Ok(rest)
}

/// Seconds and milliseconds of a PHP integer, never negative.
pub(super) fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}
