//! Doors to parsers that the room keeps to itself: for the fuzz targets (`tests/fuzz`) alone.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use url::Url;

use super::transport::{Head, Wire};
use super::{Answer, Content, Request, driver, graphql, redirect, target};
use crate::auth;
use crate::options::Plan;

pub use super::lane::whole::{Whole, read as answer};

/// Where an answer redirects to: the method, the URL, and the names of the fields that go along.
pub fn redirected(
    method: &Method,
    from: &Url,
    fields: &HeaderMap,
    status: StatusCode,
    location: &[u8],
) -> Option<(Method, Url, Vec<HeaderName>)> {
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::LOCATION,
        HeaderValue::from_bytes(location).ok()?,
    );
    let wire = Wire {
        method: method.clone(),
        url: from.clone(),
        headers: fields.clone(),
        content: Content::Empty,
        decodes: false,
    };
    let head = Head {
        status,
        reason: String::new(),
        version: Version::HTTP_11,
        headers,
    };
    let next = redirect::next(&wire, &head)?;
    Some((
        next.method,
        next.url,
        next.headers.keys().cloned().collect(),
    ))
}

/// The URL of a request for this target, below the connection's base URI.
///
/// # Errors
/// Why it is refused.
pub fn target(plan: &Plan, target: &str) -> Result<Url, String> {
    target::resolve(plan, &Request::new(Method::GET, target))
}

/// An answer that another worker left in the segment.
pub fn shared_answer(bytes: &[u8]) -> Option<Answer> {
    driver::shared::decode(bytes, "", Duration::ZERO)
}

/// What an answer says about a persisted query, and whether a document only asks.
pub fn graphql(document: &str, variables: &[u8], answer: &[u8]) -> (String, bool) {
    graphql::read(document, variables, answer)
}

/// An identity provider's answer: the token's lifetime, or the message of a refusal.
///
/// # Errors
/// Why there is no token.
pub fn token(status: u16, body: &[u8]) -> Result<Duration, String> {
    match auth::read_token(status, body) {
        Ok(issued) => Ok(issued.lifetime),
        Err(denied) => Err(denied.message),
    }
}
