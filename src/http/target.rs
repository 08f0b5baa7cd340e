//! From a request and a plan to what goes onto the wire.
//!
//! Decides the URL (relative targets stand below the base URI), which fields go with it, and that
//! credentials do not leave their origin: a target of another origin gets none of the connection's
//! fields, and is refused where the connection has auth.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::Request;
use super::transport::Wire;
use crate::options::Plan;

/// The field that ties a call to logs on both sides.
pub(super) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Some vendors refuse requests that do not say who sends them.
const USER_AGENT: &str = concat!("causeway/", env!("CARGO_PKG_VERSION"));
/// Fields that belong to the transport.
const FORBIDDEN: [HeaderName; 4] = [
    http::header::HOST,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    http::header::TE,
];

/// Whether a field belongs to the transport and may not be set.
pub(crate) fn is_of_transport(name: &HeaderName) -> bool {
    FORBIDDEN.contains(name)
}

/// Puts together what is sent; auth comes later, with each attempt.
///
/// # Errors
/// Why the request cannot be sent.
pub(crate) fn prepare(
    plan: &Plan,
    request: &Request,
    idempotency_key: Option<&str>,
    correlation_id: &str,
) -> Result<Wire, String> {
    let url = resolve(plan, request)?;
    let is_home = url.origin() == plan.base_uri.origin();
    if !is_home && plan.auth.is_some() {
        return Err(format!(
            "the target's origin is not {}, and credentials do not cross origins",
            plan.base_uri.origin().ascii_serialization()
        ));
    }
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::USER_AGENT,
        HeaderValue::from_static(USER_AGENT),
    );
    if is_home {
        for (name, value) in &plan.headers {
            headers.insert(name.clone(), value.clone());
        }
    }
    add_fields(&mut headers, &request.headers)?;
    let decodes = accept_encoding(&mut headers, request.decode);
    check_length(&headers, request.content.length_bytes())?;
    let correlation_id = HeaderValue::from_str(correlation_id).map_err(|e| e.to_string())?;
    headers.insert(CORRELATION_ID, correlation_id);
    if let Some(key) = idempotency_key {
        let way = &plan.idempotency;
        headers.insert(way.header.clone(), way.value(key)?);
    }
    Ok(Wire {
        method: request.method.clone(),
        url,
        headers,
        content: request.content.clone(),
        decodes,
    })
}

/// Asks for codings where they are taken off again; whether they are.
fn accept_encoding(headers: &mut HeaderMap, decode: Option<bool>) -> bool {
    let has_own = headers.contains_key(http::header::ACCEPT_ENCODING);
    let decodes = decode.unwrap_or(!has_own);
    if decodes && !has_own {
        let accepted = HeaderValue::from_static(super::decode::ACCEPT_ENCODING);
        headers.insert(http::header::ACCEPT_ENCODING, accepted);
    }
    decodes
}

/// The URL of a request.
pub(super) fn resolve(plan: &Plan, request: &Request) -> Result<Url, String> {
    let mut url = plan
        .base_uri
        .join(&request.target)
        .map_err(|error| format!("the target is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "the scheme '{}' is neither http nor https",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the target holds a user or password; use the auth option".to_owned());
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the target names no host".to_owned());
    }
    url.set_fragment(None);
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(url)
}

/// A wrong length would cut the content short, or begin the next request in the middle of this one
/// (RFC 9112 section 6.3).
fn check_length(headers: &HeaderMap, length_bytes: Option<u64>) -> Result<(), String> {
    let mut given = headers.get_all(http::header::CONTENT_LENGTH).iter();
    let Some(length_bytes) = length_bytes else {
        return given.next().map_or(Ok(()), |_| {
            let message =
                "the field 'content-length' is given, and the content's length is not known";
            Err(message.to_owned())
        });
    };
    let length = length_bytes.to_string();
    if given.all(|value| value.as_bytes() == length.as_bytes()) {
        return Ok(());
    }
    Err(format!(
        "the field 'content-length' is not {length_bytes}, the content's length"
    ))
}

/// Fields of the call replace the connection's; one that comes twice in the call is sent twice.
fn add_fields(headers: &mut HeaderMap, fields: &[(String, Vec<u8>)]) -> Result<(), String> {
    let mut of_call = HeaderMap::new();
    for (name, value) in fields {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("'{}' is no field name", name.escape_debug()))?;
        if is_of_transport(&parsed) {
            return Err(format!("the field '{parsed}' belongs to the transport"));
        }
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| format!("the field '{parsed}' holds bytes that no field may hold"))?;
        of_call.append(parsed, value);
    }
    for name in of_call.keys() {
        headers.remove(name);
    }
    let mut last = None;
    for (name, value) in of_call {
        last = name.or(last);
        if let Some(name) = &last {
            headers.append(name.clone(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
