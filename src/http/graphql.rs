//! GraphQL over HTTP with automatic persisted queries.
//!
//! A document is sent by its SHA-256 alone; a server that does not know it says
//! `PERSISTED_QUERY_NOT_FOUND` (HTTP 200 on Apollo, 404 on Yoga: the code counts, not the status),
//! and gets hash and text once. One that says `PERSISTED_QUERY_NOT_SUPPORTED` gets the text from
//! then on. A miss is no failure: nothing is retried and no breaker counts it. Rules: Apollo's APQ
//! protocol, the GraphQL-over-HTTP draft for the media types.
//!
//! A query may be repeated though it travels by POST; a mutation may not. What a document is, is
//! read from its first keyword, and in doubt it is a mutation.
//!
//! State: endpoints without persisted queries, for each thread; losing it costs one request.

use std::cell::RefCell;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Answer, CallError, CallErrorKind, Client, Host, Request, Sent};
use crate::clock;

/// Endpoints that are remembered; beyond it they are asked again.
const MAX_UNSUPPORTED: usize = 64;

thread_local! {
    static UNSUPPORTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What a server said about a persisted query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It answered the query.
    Answered,
    /// It wants the text with the hash.
    NotFound,
    /// It wants the text alone, always.
    NotSupported,
}

/// Which parts of a document are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Hash,
    HashAndText,
    Text,
}

/// Sends the document; see [`Client::graphql`].
pub(super) fn run(
    client: &Client,
    request: &Request,
    document: &str,
    variables_json: &[u8],
    host: &dyn Host,
) -> Result<Answer, CallError> {
    let variables = checked_variables(variables_json).map_err(|message| bad(client, message))?;
    let endpoint = format!("{} {}", client.plan().base_uri, request.target);
    let first = if is_unsupported(&endpoint) {
        Form::Text
    } else {
        Form::Hash
    };
    let send = |form, total| {
        let mut sent = with_fields(request);
        sent.content = body(document, variables, form).into();
        sent.is_repeatable = is_query(document);
        sent.total = total;
        client.call(&sent, host)
    };
    let started = clock::monotonic();
    let answer = send(first, request.total)?;
    let second = match (first, verdict(&answer.body)) {
        (Form::Hash, Verdict::NotFound) => Form::HashAndText,
        (Form::Hash, Verdict::NotSupported) => {
            remember_unsupported(endpoint);
            Form::Text
        }
        (Form::Hash | Form::HashAndText | Form::Text, _) => return Ok(answer),
    };
    // Both requests are one call to the caller: they share its time.
    let total = request.total.unwrap_or(client.plan().timeouts.total);
    let left = total.saturating_sub(clock::monotonic().since(started));
    let mut with_text = send(second, Some(left))?;
    with_text.attempts = with_text.attempts.saturating_add(answer.attempts);
    with_text.elapsed = with_text.elapsed.saturating_add(answer.elapsed);
    Ok(with_text)
}

fn with_fields(request: &Request) -> Request {
    let mut sent = request.clone();
    sent.method = http::Method::POST;
    let mut set_default = |name: &str, value: &[u8]| {
        if !sent
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            sent.headers.push((name.to_owned(), value.to_vec()));
        }
    };
    set_default("content-type", b"application/json");
    set_default(
        "accept",
        b"application/graphql-response+json, application/json;q=0.9",
    );
    sent
}

/// The variables as they go into the body: the caller's own bytes, so that no number is rounded.
fn checked_variables(json: &[u8]) -> Result<&str, String> {
    if json.is_empty() {
        return Ok("{}");
    }
    let text = std::str::from_utf8(json).map_err(|_| "the variables are not UTF-8".to_owned())?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| format!("the variables are no JSON: {error}"))?;
    if text.trim_start().starts_with('{') {
        Ok(text)
    } else {
        Err("the variables must be an object".to_owned())
    }
}

fn body(document: &str, variables: &str, form: Form) -> Bytes {
    let mut json = format!("{{\"variables\":{variables}");
    if form != Form::Hash {
        json.push_str(",\"query\":");
        json.push_str(&serde_json::Value::from(document).to_string());
    }
    if form != Form::Text {
        let hash = hex::encode(Sha256::digest(document.as_bytes()));
        json.push_str(&format!(
            ",\"extensions\":{{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{hash}\"}}}}"
        ));
    }
    json.push('}');
    Bytes::from(json)
}

/// Reads an answer's errors; only an answer without data can be a refusal.
fn verdict(body: &[u8]) -> Verdict {
    /// A refusal is short; an answer with data may be long and is not parsed for nothing.
    const MAX_REFUSAL_BYTES: usize = 16 * 1024;
    if body.len() > MAX_REFUSAL_BYTES {
        return Verdict::Answered;
    }
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Verdict::Answered;
    };
    let errors = json.get("errors").and_then(serde_json::Value::as_array);
    for error in errors.into_iter().flatten() {
        let code = error
            .pointer("/extensions/code")
            .and_then(serde_json::Value::as_str);
        let message = error.get("message").and_then(serde_json::Value::as_str);
        match (code, message) {
            (Some("PERSISTED_QUERY_NOT_FOUND"), _) | (None, Some("PersistedQueryNotFound")) => {
                return Verdict::NotFound;
            }
            (Some("PERSISTED_QUERY_NOT_SUPPORTED"), _)
            | (None, Some("PersistedQueryNotSupported")) => return Verdict::NotSupported,
            (Some(_) | None, _) => {}
        }
    }
    Verdict::Answered
}

/// Whether a document holds queries alone.
fn is_query(document: &str) -> bool {
    let code: String = document
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut words = code
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    let first_is_query = code.trim_start().starts_with('{')
        || words
            .clone()
            .next()
            .is_some_and(|word| matches!(word, "query" | "fragment"));
    first_is_query && !words.any(|word| matches!(word, "mutation" | "subscription"))
}

/// What an answer says, and whether a document only asks: for the fuzz targets.
pub(super) fn read(document: &str, variables: &[u8], answer: &[u8]) -> (String, bool) {
    let variables = checked_variables(variables).unwrap_or("{}");
    let sent = body(document, variables, Form::HashAndText);
    debug_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&sent).is_ok());
    (format!("{:?}", verdict(answer)), is_query(document))
}

fn is_unsupported(endpoint: &str) -> bool {
    UNSUPPORTED.with_borrow(|all| all.iter().any(|known| known == endpoint))
}

fn remember_unsupported(endpoint: String) {
    UNSUPPORTED.with_borrow_mut(|all| {
        if all.len() < MAX_UNSUPPORTED {
            all.push(endpoint);
        }
    });
}

fn bad(client: &Client, message: String) -> CallError {
    CallError {
        kind: CallErrorKind::BadRequest,
        connection: client.plan().name.clone(),
        message,
        sent: Sent::No,
        attempts: 0,
        elapsed: std::time::Duration::ZERO,
        status: None,
        retry_after: None,
        correlation_id: String::new(),
    }
}

#[cfg(test)]
mod tests;
