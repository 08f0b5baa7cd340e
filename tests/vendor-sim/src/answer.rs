//! The shapes of answer that the vendors share: JSON, errors, and objects with an `ETag`.
//!
//! `If-None-Match` follows RFC 9110, section 13.1.2: a list, `*`, and weak comparison.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// `value` as JSON with `status`; a value that cannot be written becomes a 500.
pub fn json_with(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (
            status,
            [(header::CONTENT_TYPE, "application/json")],
            Body::from(body),
        )
            .into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// `value` as JSON with status 200.
pub fn json_ok(value: &impl Serialize) -> Response {
    json_with(StatusCode::OK, value)
}

/// An error in the one shape that all vendors use.
pub fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    json_with(status, &json!({"error": code, "message": message}))
}

/// 404 for an object that the vendor does not have.
pub fn not_found(what: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "not_found", what)
}

/// The object with its `ETag`, or 304 when the caller has this version already.
pub fn tagged(request: &HeaderMap, etag: &str, value: &impl Serialize) -> Response {
    let known = request.get_all(header::IF_NONE_MATCH).iter();
    let is_known = known
        .filter_map(|value| value.to_str().ok())
        .any(|list| matches_any(list, etag));
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_ok(value)
    };
    if let Ok(tag) = HeaderValue::from_str(etag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

/// The JSON body of a control request, or the 400 that says what is wrong with it.
///
/// # Errors
/// The finished answer, when the body is not JSON, lacks a key or has one that nobody knows.
pub fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        Box::new(problem(StatusCode::BAD_REQUEST, "bad_request", &message))
    })
}

fn matches_any(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(|one| one.trim())
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_takes_lists_stars_and_weak_tags() {
        for (list, expected) in [
            ("\"a\"", true),
            ("\"b\", \"a\"", true),
            ("W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(matches_any(list, "\"a\""), expected, "{list}");
        }
    }
}
