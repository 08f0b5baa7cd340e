//! A write as it is recorded: one line of JSON, then the body's bytes. Pure.
//!
//! What the connection adds when it sends (its fields, its credentials) is not recorded: an item
//! that is sent tomorrow is sent as the connection is then, and no credential is in the store. The
//! body is kept byte for byte, so that every attempt sends the same.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::http::{Content, Request};
use crate::store::{StoreError, StoreErrorKind};

/// The line of JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    method: String,
    target: String,
    query: Vec<(String, String)>,
    /// Values in base64: a field may hold any bytes.
    headers: Vec<(String, String)>,
    idempotency_key: Option<String>,
    is_repeatable: bool,
    total_ms: Option<u64>,
    attempt_ms: Option<u64>,
}

/// The bytes that are recorded.
///
/// # Errors
/// When the content is streamed: it could not be sent again.
pub(in crate::idempotency) fn compose(request: &Request) -> Result<Vec<u8>, StoreError> {
    let body: &[u8] = match &request.content {
        Content::Empty => &[],
        Content::Whole(bytes) => bytes,
        Content::Streamed { .. } => {
            return Err(StoreError::new(
                StoreErrorKind::Misuse,
                "a streamed body cannot be recorded in the outbox; pass it as a string",
            ));
        }
    };
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let head = Head {
        method: request.method.to_string(),
        target: request.target.clone(),
        query: request.query.clone(),
        headers: request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), STANDARD.encode(value)))
            .collect(),
        idempotency_key: request.idempotency_key.clone(),
        is_repeatable: request.is_repeatable,
        total_ms: request.total.map(millis),
        attempt_ms: request.attempt.map(millis),
    };
    let mut bytes = serde_json::to_vec(&head).map_err(|_| not_an_item())?;
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// The request that was recorded.
///
/// # Errors
/// When the bytes are none of [`compose`]'s.
pub(in crate::idempotency) fn parse(bytes: &[u8]) -> Result<Request, StoreError> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = end
        .and_then(|end| bytes.split_at_checked(end))
        .ok_or_else(not_an_item)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| not_an_item())?;
    let method = http::Method::from_bytes(head.method.as_bytes()).map_err(|_| not_an_item())?;
    let headers = head.headers.into_iter().map(|(name, value)| {
        let value = STANDARD.decode(value).map_err(|_| not_an_item())?;
        Ok((name, value))
    });
    Ok(Request {
        query: head.query,
        headers: headers.collect::<Result<_, StoreError>>()?,
        content: Content::from(body.get(1..).unwrap_or_default().to_vec()),
        idempotency_key: head.idempotency_key,
        is_repeatable: head.is_repeatable,
        total: head.total_ms.map(Duration::from_millis),
        attempt: head.attempt_ms.map(Duration::from_millis),
        ..Request::new(method, head.target)
    })
}

fn not_an_item() -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        "an outbox item's payload is no recorded request",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_byte_for_byte() {
        let request = Request {
            query: vec![("a".to_owned(), "b c".to_owned())],
            headers: vec![("x".to_owned(), vec![0xff, b'\n'])],
            content: Content::from(vec![b'\n', 0, 0xff, b'\n']),
            idempotency_key: Some("k".to_owned()),
            total: Some(Duration::from_millis(7)),
            ..Request::new(http::Method::POST, "orders?x=1")
        };
        let again = parse(&compose(&request).unwrap()).unwrap();
        assert_eq!(format!("{again:?}"), format!("{request:?}"));
        let empty = parse(&compose(&Request::new(http::Method::PUT, "x")).unwrap()).unwrap();
        assert_eq!(empty.content, Content::Empty);
    }

    #[test]
    fn other_bytes_are_corrupt_and_a_stream_is_refused() {
        for bytes in [&b""[..], b"{}", b"{}\n", b"\n"] {
            assert_eq!(parse(bytes).unwrap_err().kind, StoreErrorKind::Corrupt);
        }
        let mut request = Request::new(http::Method::POST, "x");
        request.content = Content::Streamed {
            source: 0,
            length_bytes: None,
            is_repeatable: true,
        };
        assert_eq!(compose(&request).unwrap_err().kind, StoreErrorKind::Misuse);
    }
}
