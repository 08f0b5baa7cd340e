//! A recording's file: pretty JSON that people read in a review.
//!
//! `{"causeway_fixture": 1, "exchanges": [{"connection", "request": {"method", "url", "headers",
//! content}, "response": {"status", "reason", "headers", content}}]}`, where content is one of
//! `json` (white space is not kept), `text` and `base64`, or nothing. Fields that differ from run
//! to run or belong to the transport are left out.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::redaction::{HIDDEN, Redactor};
use super::{Outgoing, Reply, SentRequest};

/// The only version of the file.
const VERSION: u32 = 1;
/// A file that is larger is no fixture.
const FILE_MAX_BYTES: u64 = 256 << 20;
/// Not kept of a request: made anew for each call, or the transport's.
const OF_REQUESTS: [&str; 7] = [
    "accept-encoding",
    "content-length",
    "host",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-correlation-id",
];
/// Not kept of an answer: they speak of bytes that are written anew.
const OF_ANSWERS: [&str; 4] = [
    "connection",
    "content-length",
    "keep-alive",
    "transfer-encoding",
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    causeway_fixture: u32,
    exchanges: Vec<Exchange>,
}

/// A request with its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) connection: String,
    pub(super) request: Asked,
    pub(super) response: Answered,
}

/// A request as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    content: Content,
}

/// An answer as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    status: u16,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    content: Content,
}

/// At most one of the three.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Asked {
    /// A request without its credentials.
    pub(super) fn of(request: &Outgoing<'_>, redactor: &mut Redactor<'_>) -> Self {
        Self {
            method: request.method.as_str().to_owned(),
            url: redactor.url(request.url),
            headers: fields(request.headers, &OF_REQUESTS, redactor),
            content: Content::of(request.headers, request.body, redactor),
        }
    }

    /// What must be equal for a recorded answer to belong to a request: all but the fields.
    pub(super) fn key(&self, connection: &str) -> String {
        let content = serde_json::to_string(&self.content).unwrap_or_default();
        format!("{connection} {} {} {content}", self.method, self.url)
    }

    /// The same with what was hidden replaced everywhere.
    pub(super) fn scrubbed(mut self, redactor: &Redactor<'_>) -> Self {
        redactor.scrub_text(&mut self.url);
        self.content.scrub(redactor);
        self
    }
}

impl Content {
    fn of(headers: &HeaderMap, body: &[u8], redactor: &mut Redactor<'_>) -> Self {
        let mut content = Self::default();
        if body.is_empty() {
            return content;
        }
        if let Ok(mut json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(body) {
            redactor.json(&mut json);
            content.json = Some(json);
            return content;
        }
        match std::str::from_utf8(body) {
            Ok(text) if is_form(headers) => content.text = Some(redactor.form(text)),
            Ok(text) => content.text = Some(text.to_owned()),
            Err(_) => content.base64 = Some(STANDARD.encode(body)),
        }
        content
    }

    fn scrub(&mut self, redactor: &Redactor<'_>) {
        if let Some(json) = &mut self.json {
            redactor.scrub(json);
        }
        if let Some(text) = &mut self.text {
            redactor.scrub_text(text);
        }
        let bytes = self.base64.as_deref().map(|text| STANDARD.decode(text));
        if let Some(Ok(bytes)) = bytes
            && redactor.is_leaking(&bytes)
        {
            self.base64 = Some(STANDARD.encode(HIDDEN));
        }
    }

    fn bytes(&self) -> Result<Bytes, String> {
        if let Some(json) = &self.json {
            return serde_json::to_vec(json)
                .map(Bytes::from)
                .map_err(|error| error.to_string());
        }
        if let Some(text) = &self.text {
            return Ok(Bytes::from(text.clone()));
        }
        let base64 = self.base64.as_deref().unwrap_or_default();
        STANDARD
            .decode(base64)
            .map(Bytes::from)
            .map_err(|error| format!("base64: {error}"))
    }
}

impl Exchange {
    /// A request and its answer without credentials that stand under a telling name.
    pub(super) fn of(sent: &SentRequest, reply: &Reply, redactor: &mut Redactor<'_>) -> Self {
        Self {
            connection: sent.connection.clone(),
            request: Asked::of(&sent.outgoing(), redactor),
            response: Answered {
                status: reply.status.as_u16(),
                reason: reply.reason.clone(),
                headers: fields(&reply.headers, &OF_ANSWERS, redactor),
                content: Content::of(&reply.headers, &reply.body, redactor),
            },
        }
    }

    /// The answer as it is played.
    pub(super) fn reply(&self) -> Result<Reply, String> {
        let status = http::StatusCode::from_u16(self.response.status)
            .map_err(|_| format!("{} is no status", self.response.status))?;
        let mut headers = HeaderMap::new();
        for (name, values) in &self.response.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("'{name}' is no field name"))?;
            for value in values {
                let value = HeaderValue::from_str(value)
                    .map_err(|_| format!("the value of '{name}' is no field's"))?;
                headers.append(parsed.clone(), value);
            }
        }
        Ok(Reply {
            status,
            reason: self.response.reason.clone(),
            headers,
            body: self.response.content.bytes()?,
        })
    }
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn load(path: &Path) -> Result<Vec<Exchange>, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let length_bytes = std::fs::metadata(path).map_err(|error| told(&error))?.len();
    if length_bytes > FILE_MAX_BYTES {
        return Err(told(&"too large for a fixture"));
    }
    let bytes = std::fs::read(path).map_err(|error| told(&error))?;
    let file: File = serde_json::from_slice(&bytes).map_err(|error| told(&error))?;
    if file.causeway_fixture != VERSION {
        return Err(told(&format!("its version is not {VERSION}")));
    }
    for exchange in &file.exchanges {
        exchange.reply().map_err(|error| told(&error))?;
    }
    Ok(file.exchanges)
}

/// Writes a file, whole or not at all; what was hidden is replaced everywhere first.
///
/// # Errors
/// Why it could not be written.
pub(super) fn save(
    path: &Path,
    exchanges: Vec<Exchange>,
    redactor: &Redactor<'_>,
) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut exchanges = exchanges;
    for exchange in &mut exchanges {
        exchange.request.content.scrub(redactor);
        exchange.response.content.scrub(redactor);
    }
    let file = File {
        causeway_fixture: VERSION,
        exchanges,
    };
    let mut json = serde_json::to_value(&file).map_err(|error| told(&error))?;
    redactor.scrub(&mut json);
    let mut text = serde_json::to_string_pretty(&json).map_err(|error| told(&error))?;
    text.push('\n');
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| told(&error))?;
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| told(&error))
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(http::header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

fn fields(
    headers: &HeaderMap,
    left_out: &[&str],
    redactor: &mut Redactor<'_>,
) -> BTreeMap<String, Vec<String>> {
    let mut kept = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        if !left_out.contains(&name.as_str()) {
            let value = redactor.field(name.as_str(), value.as_bytes());
            kept.entry(name.as_str().to_owned())
                .or_default()
                .push(value);
        }
    }
    kept
}
