//! The options of one call, read once into a request.
//!
//! What PHP alone can read (contents, sinks) is taken from the array as it is; the rest goes
//! through the reader that all options go through. A call without options reads nothing.

mod content;
mod detached;
mod form;

use std::time::Duration;

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ZendHashTable, Zval};

use super::sink::Sink;
use super::source::Source;
use super::{throw, value};
use crate::http::Request;
use crate::options::{Fields, OptionError, Value};
use crate::store::CallbackError;
pub(super) use detached::Detached;

/// Largest content that may be taken with a call's own cap.
const BODY_CAP_BYTES_MAX: i64 = 1 << 40;

/// Options that are read from PHP's values, beside those of [`rest`].
const OF_PHP: [&str; 8] = [
    "body",
    "file",
    "form",
    "headers",
    "json",
    "multipart",
    "query",
    "sink",
];

/// A request, and what the binding does with its answer.
pub(super) struct Prepared {
    pub(super) request: Request,
    /// The content, where it is streamed.
    pub(super) source: Option<Source>,
    /// The option that it came with.
    content_field: &'static str,
    pub(super) delivery: Delivery,
    /// An answer of 400 or above is thrown.
    pub(super) throw_on_error: bool,
}

/// Where the answer's content goes.
pub(super) enum Delivery {
    /// Into memory, before the response is handed out.
    Whole,
    /// Read by the program when it likes.
    Open,
    /// Into a file or stream, before the response is handed out.
    Sink(Sink),
}

/// Why options cannot be taken.
enum Refused {
    Option(OptionError),
    Thrown(PhpException),
}

impl From<OptionError> for Refused {
    fn from(error: OptionError) -> Self {
        Self::Option(error)
    }
}

impl From<PhpException> for Refused {
    fn from(error: PhpException) -> Self {
        Self::Thrown(error)
    }
}

impl Refused {
    /// As an exception of this connection's.
    fn thrown(self, connection: &str) -> PhpException {
        match self {
            Self::Option(error) => throw::options(connection, &error),
            Self::Thrown(exception) => exception,
        }
    }

    /// What PHP code threw while it was asked, or its words as what is wrong with the option.
    fn of_callback(field: &str, error: CallbackError) -> Self {
        if error.has_payload() {
            return Self::Thrown(throw::callback(error));
        }
        Self::Option(OptionError::new(
            field,
            error.message,
            "something that can be read",
        ))
    }
}

impl Prepared {
    fn bare(request: Request) -> Self {
        Self {
            request,
            source: None,
            content_field: "body",
            delivery: Delivery::Whole,
            throw_on_error: true,
        }
    }

    /// Whether it is sent and answered from memory.
    pub(super) fn is_plain(&self) -> bool {
        self.source.is_none() && matches!(self.delivery, Delivery::Whole)
    }
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
    let mut prepared = Prepared::bare(Request::new(method, uri));
    let Some(options) = options.filter(|options| !options.is_empty()) else {
        return Ok(prepared);
    };
    match read(&mut prepared, options) {
        Ok(()) => Ok(prepared),
        Err(refused) => Err(refused.thrown(connection)),
    }
}

fn read(prepared: &mut Prepared, options: &ZendHashTable) -> Result<(), Refused> {
    if let Some(query) = options.get("query") {
        let pairs = pairs("query", query)?.into_iter().map(|(name, value)| {
            let text = String::from_utf8(value).map_err(|_| {
                let field = format!("query.{name}");
                OptionError::new(field, "bytes that are not UTF-8", "text of UTF-8")
            })?;
            Ok((name, text))
        });
        prepared.request.query = pairs.collect::<Result<_, OptionError>>()?;
    }
    if let Some(headers) = options.get("headers") {
        prepared.request.headers = pairs("headers", headers)?;
    }
    content::read(prepared, options)?;
    let left = options
        .iter()
        .filter(|(key, _)| !OF_PHP.iter().any(|known| is_key(key, known)))
        .map(|(key, value)| {
            let key = key.to_string();
            let value = value::tree(value, &key)?;
            Ok((key, value))
        })
        .collect::<Result<Vec<_>, OptionError>>()?;
    if !left.is_empty() {
        rest(prepared, Fields::new(&Value::Map(left))?)?;
    }
    if let Some(sink) = options.get("sink").filter(|sink| !sink.is_null()) {
        let sink = Sink::of(sink).ok_or_else(|| {
            OptionError::new(
                "sink",
                value::kind(sink),
                "a file's name or an open PHP stream",
            )
        })?;
        if matches!(prepared.delivery, Delivery::Open) {
            return Err(OptionError::new("sink", "one beside 'stream'", "one of the two").into());
        }
        prepared.delivery = Delivery::Sink(sink);
    }
    Ok(())
}

fn is_key(key: &ext_php_rs::types::ArrayKey<'_>, name: &str) -> bool {
    use ext_php_rs::types::ArrayKey;
    match key {
        ArrayKey::Str(key) => *key == name,
        ArrayKey::String(key) => key == name,
        ArrayKey::Long(_) => false,
        ArrayKey::ZendString(key) => key.as_bytes() == name.as_bytes(),
    }
}

/// The options that are plain values.
fn rest(prepared: &mut Prepared, mut fields: Fields) -> Result<(), OptionError> {
    for key in OF_PHP {
        // Named in the list of known options; taken already.
        fields.value(key);
    }
    let request = &mut prepared.request;
    request.idempotency_key = idempotency_key(&mut fields)?;
    if let Some(mut timeouts) = fields.section("timeouts")? {
        request.attempt = timeouts.millis("attempt_ms", 1..=600_000)?;
        request.total = timeouts.millis("total_ms", 1..=3_600_000)?;
        timeouts.finish()?;
    }
    request.decode = fields.flag("decode")?;
    request.redirects = crate::options::redirects(&mut fields)?;
    request.body_cap_bytes = fields
        .int("body_cap_bytes", 1..=BODY_CAP_BYTES_MAX)?
        .map(i64::unsigned_abs);
    if fields.flag("stream")?.unwrap_or(false) {
        prepared.delivery = Delivery::Open;
    }
    prepared.throw_on_error = fields.flag("throw_on_error")?.unwrap_or(true);
    fields.finish()
}

/// A key of the caller's, or one that is made here, once for all attempts.
fn idempotency_key(fields: &mut Fields) -> Result<Option<String>, OptionError> {
    const ALLOWED: &str = "a string that is not empty, or true for a key that is made here";
    match fields.value("idempotency_key") {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(crate::http::idempotency_key::new_key())),
        Some(Value::Str(bytes)) if !bytes.is_empty() => {
            let key = String::from_utf8(bytes);
            key.map(Some).map_err(|_| {
                OptionError::new("idempotency_key", "bytes that are not UTF-8", ALLOWED)
            })
        }
        Some(other) => Err(fields.refuse("idempotency_key", &other, ALLOWED)),
    }
}

/// Names with one value or a list of them.
fn pairs(key: &str, value: &Zval) -> Result<Vec<(String, Vec<u8>)>, OptionError> {
    let value = value.dereference();
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Some(entries) = value.array() else {
        return Err(OptionError::new(
            key,
            value::kind(value),
            "an array of names and values",
        ));
    };
    let mut pairs = Vec::with_capacity(entries.len());
    for (name, value) in entries.iter() {
        let name = name.to_string();
        let bytes_of = |item: &Zval| {
            value::scalar_bytes(item).ok_or_else(|| {
                OptionError::new(
                    format!("{key}.{name}"),
                    value::kind(item),
                    "a string or a number, or a list of them",
                )
            })
        };
        match value.dereference().array() {
            Some(items) => {
                for (_, item) in items.iter() {
                    pairs.push((name.clone(), bytes_of(item)?));
                }
            }
            None => pairs.push((name.clone(), bytes_of(value)?)),
        }
    }
    Ok(pairs)
}

/// Seconds and milliseconds of a PHP integer, never negative.
pub(super) fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}
