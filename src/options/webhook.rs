//! How a vendor's deliveries are verified, kept and applied: `webhook`.
//!
//! The verifier's own options are kept as they came, for the signature room knows which of them its
//! scheme takes; only their secrets are looked at here, because a file must not hold a literal one.

use std::collections::BTreeMap;

use super::entities::{POINTER, Resource, pointer};
use super::reader::secret_of;
use super::{Fields, OptionError, SecretRef, Source, Value};

/// The verifier's options that hold secrets.
const SECRET_KEYS: [&str; 3] = ["secrets", "secrets_hex", "secrets_b64"];
/// What is ours in the section; the rest is the scheme's.
const OUR_KEYS: [&str; 6] = [
    "scheme",
    "refetch",
    "embedded",
    "encrypt",
    "redact",
    "max_waiting",
];
/// Events that may wait when the connection does not say.
const MAX_WAITING_DEFAULT: i64 = 100_000;

/// What an event names, so that it can be fetched anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refetch {
    /// The resource's name.
    pub resource: String,
    /// JSON pointer to the id in the event: `/data/id`.
    pub id_pointer: String,
}

/// An entity that an event holds itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The resource's name; it has an order.
    pub resource: String,
    /// JSON pointer to the id in the event.
    pub id_pointer: String,
    /// JSON pointer to the entity in the event.
    pub data_pointer: String,
    /// Types of events that say that the entity is no more.
    pub gone: Vec<String>,
}

/// A key that payloads are kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadKey {
    /// Its name, which is stored with what it sealed.
    pub id: String,
    /// Where it is.
    pub secret: SecretRef,
}

/// How deliveries of this vendor are verified and what they set off.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The signature scheme's name.
    pub scheme: String,
    /// The scheme's own options, a map that the signature room reads.
    pub options: Value,
    /// What is fetched for an event; nothing when the event speaks for itself.
    pub refetch: Option<Refetch>,
    /// What an event holds itself.
    pub embedded: Option<Embedded>,
    /// Keys of payloads: the first seals, each opens what it sealed. None: payloads are kept plain.
    pub encrypt: Vec<PayloadKey>,
    /// JSON pointers to what is never shown of a payload; `*` stands for any step.
    pub redact: Vec<String>,
    /// So many events may wait; further ones are turned away until some are done.
    pub max_waiting: usize,
}

/// Reads `webhook`.
pub(super) fn webhook(
    fields: &mut Fields,
    resources: &BTreeMap<String, Resource>,
) -> Result<Option<Webhook>, OptionError> {
    let source = fields.source();
    let mut entries = match fields.value("webhook") {
        None => return Ok(None),
        Some(Value::Map(entries)) => entries,
        Some(other) => return Err(fields.refuse("webhook", &other, "an array with keys")),
    };
    let (ours, mut options): (Vec<_>, Vec<_>) = entries
        .drain(..)
        .partition(|(key, _)| OUR_KEYS.contains(&key.as_str()));
    let mut ours = Fields::open("webhook", Value::Map(ours), source)?;
    let scheme = ours.text("scheme")?;
    let scheme = ours.required("scheme", scheme, "the name of a signature scheme")?;
    let refetch = ours
        .section("refetch")?
        .map(|inner| refetch(inner, resources))
        .transpose()?;
    let embedded = ours
        .section("embedded")?
        .map(|inner| embedded(inner, resources))
        .transpose()?;
    if embedded.is_some() && refetch.is_some() {
        let got = Value::from("both");
        return Err(ours.refuse("embedded", &got, "left out where refetch is given"));
    }
    let encrypt = keys(&mut ours)?;
    let redact = ours.texts("redact")?.unwrap_or_default();
    if let Some(wrong) = redact.iter().find(|pointer| !pointer.starts_with('/')) {
        return Err(ours.refuse("redact", &Value::from(wrong.as_str()), POINTER));
    }
    let max_waiting = ours.int("max_waiting", 1..=100_000_000)?;
    let max_waiting = max_waiting.unwrap_or(MAX_WAITING_DEFAULT);
    ours.finish()?;
    for (key, value) in &mut options {
        if SECRET_KEYS.contains(&key.as_str()) {
            let taken = std::mem::replace(value, Value::Null);
            *value = checked_secrets(&format!("webhook.{key}"), taken, source)?;
        }
    }
    Ok(Some(Webhook {
        scheme,
        options: Value::Map(options),
        refetch,
        embedded,
        encrypt,
        redact,
        max_waiting: usize::try_from(max_waiting).unwrap_or(usize::MAX),
    }))
}

/// Reads `encrypt`: keys by id, the one that seals first.
fn keys(fields: &mut Fields) -> Result<Vec<PayloadKey>, OptionError> {
    const ALLOWED: &str = "an array of secrets by key id, the one that seals first";
    let entries = match fields.value("encrypt") {
        None => return Ok(Vec::new()),
        Some(Value::Map(entries)) => entries,
        Some(other) => return Err(fields.refuse("encrypt", &other, ALLOWED)),
    };
    entries
        .into_iter()
        .map(|(id, value)| {
            let field = fields.name(&format!("encrypt.{id}"));
            let secret = secret_of(&field, value, fields.source())?;
            Ok(PayloadKey { id, secret })
        })
        .collect()
}

fn embedded(
    mut fields: Fields,
    resources: &BTreeMap<String, Resource>,
) -> Result<Embedded, OptionError> {
    let resource = resource_name(&mut fields, resources)?;
    if resources.get(&resource).is_none_or(|it| it.order.is_none()) {
        let allowed = "a resource with the option order: events come late and out of order";
        return Err(fields.refuse("resource", &Value::from(resource), allowed));
    }
    let id = pointer(&mut fields, "id")?;
    let data = pointer(&mut fields, "data")?;
    let embedded = Embedded {
        id_pointer: fields.required("id", id, POINTER)?,
        data_pointer: fields.required("data", data, POINTER)?,
        gone: fields.texts("gone")?.unwrap_or_default(),
        resource,
    };
    fields.finish()?;
    Ok(embedded)
}

fn refetch(
    mut fields: Fields,
    resources: &BTreeMap<String, Resource>,
) -> Result<Refetch, OptionError> {
    let resource = resource_name(&mut fields, resources)?;
    let id = pointer(&mut fields, "id")?;
    let id_pointer = fields.required("id", id, POINTER)?;
    fields.finish()?;
    Ok(Refetch {
        resource,
        id_pointer,
    })
}

fn resource_name(
    fields: &mut Fields,
    resources: &BTreeMap<String, Resource>,
) -> Result<String, OptionError> {
    let resource = fields.text("resource")?;
    let resource = fields.required("resource", resource, "the name of a resource")?;
    if !resources.contains_key(&resource) {
        let known = resources
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let allowed = format!("one of the connection's resources ({known})");
        return Err(fields.refuse("resource", &Value::from(resource), allowed));
    }
    Ok(resource)
}

/// Secrets of a file become references; those of code stay as they are.
fn checked_secrets(field: &str, value: Value, source: Source) -> Result<Value, OptionError> {
    match (value, source) {
        (value, Source::Code) => Ok(value),
        (Value::List(items), Source::File) => items
            .into_iter()
            .enumerate()
            .map(|(at, item)| secret_of(&format!("{field}.{at}"), item, source).map(Value::Secret))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (other, Source::File) => Err(OptionError::new(field, other.kind(), "a list of secrets")),
    }
}
