//! A covered component: its identifier, and its value in a message (RFC 9421 section 2).
//!
//! An identifier is a string item with parameters; one that is not known here, or a combination
//! that has no meaning, is refused, never guessed at. A field's lines are joined as in 2.1; `sf`
//! writes a structured field anew (2.1.1), for the fields whose type is listed here; `key` takes one
//! member of a dictionary (2.1.2); `bs` takes each line as bytes (2.1.3); `req` takes it from the
//! request that a response answers (2.4). A value with a line break or a byte beyond ASCII would
//! make the base ambiguous: refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sfv::{BareItem, Dictionary, FieldType as _, Item, List, ListEntry, Parser};

use super::super::{Headers, Message, Refusal};
use super::HttpMessage;
use super::target::Target;

/// Fields that are dictionaries, lists and items by their own specifications.
const DICTIONARIES: [&str; 10] = [
    "accept-signature",
    "cdn-cache-control",
    "content-digest",
    "priority",
    "repr-digest",
    "signature",
    "signature-input",
    "use-as-dictionary",
    "want-content-digest",
    "want-repr-digest",
];
const LISTS: [&str; 6] = [
    "accept-ch",
    "cache-status",
    "client-cert-chain",
    "proxy-status",
    "ratelimit",
    "ratelimit-policy",
];
const ITEMS: [&str; 4] = [
    "client-cert",
    "deprecation",
    "idempotency-key",
    "origin-agent-cluster",
];

/// What a component is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    TargetUri,
    Authority,
    Scheme,
    RequestTarget,
    Path,
    Query,
    QueryParam(String),
    Status,
    Field(String, Form),
}

/// How a field's value is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Lines,
    Structured,
    Member(String),
    Bytes,
}

/// A component identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) kind: Kind,
    /// Of the request that a response answers.
    pub(crate) is_of_request: bool,
    /// The identifier as it stands in the base: `"content-type";req`.
    pub(crate) id: String,
}

/// The parameters of an identifier.
#[derive(Default)]
struct Parameters {
    is_structured: bool,
    is_bytes: bool,
    is_of_request: bool,
    key: Option<String>,
    name: Option<String>,
}

impl Component {
    /// Of an identifier in `Signature-Input`; `None` where it is not known or has no meaning.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        let BareItem::String(name) = &item.bare_item else {
            return None;
        };
        let parameters = Parameters::of(item)?;
        let is_of_request = parameters.is_of_request;
        Some(Self {
            kind: parameters.kind(name.as_str())?,
            is_of_request,
            id: item.serialize(),
        })
    }

    /// Of an option: `@method`, `content-type;req`, or the identifier with its quotes.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let quoted = if text.starts_with('"') {
            text.to_owned()
        } else {
            let end = text.find(';').unwrap_or(text.len());
            let (name, parameters) = text.split_at(end);
            format!("\"{name}\"{parameters}")
        };
        Self::of(&Parser::new(&quoted).parse::<Item>().ok()?)
    }

    /// The value in a message.
    pub(crate) fn value(&self, message: &HttpMessage<'_>) -> Result<String, Refusal> {
        let request = match (message, self.is_of_request) {
            (HttpMessage::Request(_), true) => return Err(Refusal::MissingComponent),
            (HttpMessage::Request(request), false) => Some(*request),
            (HttpMessage::Response(response), true) => {
                Some(response.request.ok_or(Refusal::MissingComponent)?)
            }
            (HttpMessage::Response(_), false) => None,
        };
        let headers = request.map_or(message.headers(), |request| request.headers);
        let value = match (&self.kind, request) {
            (Kind::Field(name, form), _) => return field(headers, name, form),
            (Kind::Status, None) => message.status().to_string(),
            (Kind::Status, Some(_)) | (_, None) => return Err(Refusal::MissingComponent),
            (kind, Some(request)) => derived(kind, &request)?,
        };
        is_plain(&value)
            .then_some(value)
            .ok_or(Refusal::MissingComponent)
    }
}

impl Parameters {
    fn of(item: &Item) -> Option<Self> {
        let mut found = Self::default();
        for (name, value) in &item.params {
            match (name.as_str(), value) {
                ("sf", BareItem::Boolean(true)) => found.is_structured = true,
                ("bs", BareItem::Boolean(true)) => found.is_bytes = true,
                ("req", BareItem::Boolean(true)) => found.is_of_request = true,
                ("key", BareItem::String(key)) => found.key = Some(key.as_str().to_owned()),
                ("name", BareItem::String(name)) => found.name = Some(name.as_str().to_owned()),
                _ => return None,
            }
        }
        Some(found)
    }

    fn kind(self, name: &str) -> Option<Kind> {
        let is_plain =
            !self.is_structured && !self.is_bytes && self.key.is_none() && self.name.is_none();
        let kind = match name {
            "@method" => Kind::Method,
            "@target-uri" => Kind::TargetUri,
            "@authority" => Kind::Authority,
            "@scheme" => Kind::Scheme,
            "@request-target" => Kind::RequestTarget,
            "@path" => Kind::Path,
            "@query" => Kind::Query,
            "@status" if !self.is_of_request => Kind::Status,
            "@query-param" if self.key.is_none() && !self.is_structured && !self.is_bytes => {
                return Some(Kind::QueryParam(self.name?));
            }
            _ => return self.field(name),
        };
        is_plain.then_some(kind)
    }

    fn field(self, name: &str) -> Option<Kind> {
        let is_lower =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(is_lower) || self.name.is_some() {
            return None;
        }
        let form = match (self.key, self.is_structured, self.is_bytes) {
            (Some(key), _, false) => Form::Member(key),
            (None, true, false) => Form::Structured,
            (None, false, true) => Form::Bytes,
            (None, false, false) => Form::Lines,
            (_, _, true) => return None,
        };
        Some(Kind::Field(name.to_owned(), form))
    }
}

fn derived(kind: &Kind, request: &Message<'_>) -> Result<String, Refusal> {
    if *kind == Kind::Method {
        return Ok(request.method.to_owned());
    }
    let target = Target::of(request)?;
    match kind {
        Kind::TargetUri => target.uri(),
        Kind::Authority => target.authority(),
        Kind::Scheme => target.scheme(),
        Kind::RequestTarget => Ok(target.request_target()),
        Kind::Path => Ok(target.path()),
        Kind::Query => Ok(target.query()),
        Kind::QueryParam(name) => target.query_param(name),
        Kind::Method | Kind::Status | Kind::Field(..) => Err(Refusal::MissingComponent),
    }
}

/// The value of a field, as `form` takes it.
fn field(headers: &Headers<'_>, name: &str, form: &Form) -> Result<String, Refusal> {
    let lines: Vec<&[u8]> = headers.all(name).map(trimmed).collect();
    if lines.is_empty() {
        return Err(Refusal::MissingComponent);
    }
    if *form == Form::Bytes {
        let lines = lines
            .iter()
            .map(|line| format!(":{}:", STANDARD.encode(line)));
        return Ok(lines.collect::<Vec<_>>().join(", "));
    }
    let value = joined(&lines).ok_or(Refusal::MissingComponent)?;
    let structured = match form {
        Form::Lines | Form::Bytes => return Ok(value),
        Form::Structured => structured(name, &value),
        Form::Member(key) => member(&value, key),
    };
    structured.ok_or(Refusal::MissingComponent)
}

/// The lines of a field as one value; `None` where it cannot stand in a base.
pub(crate) fn joined(lines: &[&[u8]]) -> Option<String> {
    let unfolded = |line: &&[u8]| {
        let text = std::str::from_utf8(line).ok()?.replace("\r\n", "\n");
        let parts: Vec<&str> = text
            .split('\n')
            .enumerate()
            .map(|(at, part)| match at {
                0 => Some(part),
                // A line that was folded goes on with a space or tab.
                _ => part
                    .starts_with([' ', '\t'])
                    .then(|| part.trim_ascii_start()),
            })
            .collect::<Option<_>>()?;
        let text = parts.join(" ");
        is_plain(&text).then_some(text)
    };
    let lines: Vec<String> = lines.iter().map(unfolded).collect::<Option<_>>()?;
    Some(lines.join(", "))
}

/// Visible ASCII, spaces and tabs.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~'))
}

fn trimmed(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    line
}

fn structured(name: &str, value: &str) -> Option<String> {
    let parser = Parser::new(value);
    if DICTIONARIES.contains(&name) {
        parser.parse::<Dictionary>().ok()?.serialize()
    } else if LISTS.contains(&name) {
        parser.parse::<List>().ok()?.serialize()
    } else if ITEMS.contains(&name) {
        Some(parser.parse::<Item>().ok()?.serialize())
    } else {
        None
    }
}

fn member(value: &str, key: &str) -> Option<String> {
    let members = Parser::new(value).parse::<Dictionary>().ok()?;
    match members.get(key)? {
        ListEntry::Item(item) => Some(item.serialize()),
        list @ ListEntry::InnerList(_) => vec![list.clone()].serialize(),
    }
}
